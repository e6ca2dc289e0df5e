"""A sweep on a page of results: its points from best to worst, with the test metric of the best only."""

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
    """The plan of a sweep, whose points have no published figures and therefore no verdict."""

    @cached_property
    def figure(self) -> str:
        """The metric that ranks the points."""
        table = self.plan.table
        return ranking_figure(table.decides, table.recipe(table.rows[0], self.plan.settings))

    @cached_property
    def outcomes(self) -> list[Outcome]:
        """The outcomes of the points, from best to worst."""
        return rank([replace(outcome, reason="") for outcome in self.plan.outcomes(self.root)], self.figure)

    @property
    def told(self) -> Collection[Path]:
        """The run folders of the best point, which alone have sections of their own."""
        return [result.run for result in self.outcomes[0].results if result.run is not None]

    @property
    def figures(self) -> list[str]:
        """The metrics in the table: the training loss and the metric that ranks the points."""
        return ["train_loss_running", self.figure]

    @property
    def rule(self) -> str:
        """A sentence on how the points are ranked, and one with the test metric of the best point."""
        best, (_, _, metric) = self.outcomes[0], self.plan.table.decides.partition("_")
        ranked, figure = f"Ranked by the {label_of(self.figure)}.", f"test_{metric}"
        if (tested := best.measured.get(figure)) is None:
            return ranked
        return f"{ranked} The {label_of(figure)} of the best point is {mean_and_spread(tested)}."

    def verdict(self, outcome: Outcome) -> str | None:
        """Return the verdict of a point that has no results, such as `failed`; None for the other points."""
        return None if outcome.results else outcome.verdict
