"""A sweep on a page of results: its points from the best to the worst, and the test of the best alone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from kzoo.metrics.table import label_of
from kzoo.reporting.page.table import ReportedTable
from kzoo.reporting.records import mean_and_spread
from kzoo.reproduction.sweep import rank, ranking_figure
from kzoo.reproduction.verdict import Outcome


@dataclass(frozen=True)
class ReportedSweep(ReportedTable):
    """The plan of a sweep: nothing is published for its points, so that none has a verdict."""

    @cached_property
    def figure(self) -> str:
        """What ranks the points."""
        table = self.plan.table
        return ranking_figure(table.decides, table.recipe(table.rows[0], self.plan.settings))

    @cached_property
    def outcomes(self) -> list[Outcome]:
        """The points from the best to the worst."""
        return rank([replace(outcome, reason="") for outcome in self.plan.outcomes(self.root)], self.figure)

    @property
    def told(self) -> Collection[Path]:
        """The runs of the best point."""
        return [result.run for result in self.outcomes[0].results if result.run is not None]

    @property
    def figures(self) -> list[str]:
        """The training loss, and what ranks the points."""
        return ["train_loss_running", self.figure]

    @property
    def rule(self) -> str:
        """How the points are ranked, and the test of the best."""
        best, (_, _, metric) = self.outcomes[0], self.plan.table.decides.partition("_")
        ranked, figure = f"Ranked by the {label_of(self.figure)}.", f"test_{metric}"
        if (tested := best.measured.get(figure)) is None:
            return ranked
        return f"{ranked} The {label_of(figure)} is told of the best alone: {mean_and_spread(tested)}."

    def verdict(self, outcome: Outcome) -> str | None:
        """Only of what could not be ranked."""
        return None if outcome.results else outcome.verdict
