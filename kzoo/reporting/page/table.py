"""A reproduced table on a page of results: published figures, measured metrics and verdicts."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path

from kzoo.data.splits import SPLITS
from kzoo.metrics.table import label_of
from kzoo.reporting.page.parts import Cell, ResultRow, ResultTable
from kzoo.reporting.page.spelling import setting
from kzoo.reproduction.plan import Plan
from kzoo.reproduction.verdict import RULE, Outcome


@dataclass(frozen=True)
class ReportedTable:
    """A plan, the folder of its runs, and its name on the page."""

    plan: Plan
    root: Path
    name: str

    @cached_property
    def outcomes(self) -> list[Outcome]:
        """The outcomes of the rows that the plan trains."""
        asked = {job.row for job in self.plan.jobs}
        return [outcome for outcome in self.plan.outcomes(self.root) if outcome.row.name in asked]

    @property
    def seeds(self) -> int:
        """The number of seeds of each row."""
        return len({job.seed for job in self.plan.jobs})

    @cached_property
    def labels(self) -> dict[Path, str]:
        """The labels of the finished runs, by folder: the first row, and the seed if there are several."""
        found: dict[Path, str] = {}
        for outcome in self.outcomes:
            for result, folder in zip(outcome.results, _folders(outcome), strict=True):
                seed = f", seed {result.seed}" if self.seeds > 1 else ""
                found.setdefault(folder, f"{outcome.row.name}{seed}")
        return found

    @cached_property
    def curves(self) -> dict[Path, str]:
        """The labels of the curves, by folder: the curves of each row's first seed are drawn."""
        rows = reversed(self.outcomes)
        return {folder: outcome.row.name for outcome in rows for folder in _folders(outcome)[:1]}

    @property
    def told(self) -> Collection[Path]:
        """The folders of the runs that have sections of their own: all finished runs."""
        return self.labels.keys()

    @property
    def command(self) -> str:
        """The command that makes the runs."""
        asked, plan = [outcome.row.name for outcome in self.outcomes], self.plan
        rows = ["--rows", ",".join(asked)] if len(asked) < len(plan.table.rows) else []
        seeds = ["--seeds", str(self.seeds)] if self.seeds > 1 else []
        settings = [
            word for key, value in plan.settings.items() for word in ("--set", f"{key}={setting(value)}")
        ]
        words = plan.words or ("reproduce", plan.table.name)
        return shlex.join(["kzoo", *words, *rows, *seeds, "--backend", plan.backend, *settings])

    def result_table(self, anchors: Mapping[Path, str]) -> ResultTable:
        """Return the table for the page; `anchors` has the section of each run folder."""
        table = self.plan.table
        figures = self.figures
        return ResultTable(
            title=f"{self.name}: {table.title}",
            figures=tuple(map(label_of, figures)),
            rows=tuple(self._row(outcome, figures, anchors) for outcome in self.outcomes),
            remarks=tuple(filter(None, (table.note, self.rule, self._settings))),
        )

    @property
    def figures(self) -> list[str]:
        """The metrics in the table: those with published figures."""
        return in_order(row.published for row in self.plan.table.rows)

    @property
    def rule(self) -> str:
        """A sentence on how the rows are judged."""
        return f"The {label_of(self.plan.table.decides)} decides; {RULE}."

    def verdict(self, outcome: Outcome) -> str | None:
        """Return the verdict on a row, None if it has none."""
        return outcome.verdict

    @property
    def _settings(self) -> str:
        """A sentence with the settings of all rows, empty if there are none."""
        settings = ", ".join(f"{key}={setting(value)}" for key, value in self.plan.settings.items())
        return f"All rows were trained with {settings}." if settings else ""

    def _row(self, outcome: Outcome, figures: list[str], anchors: Mapping[Path, str]) -> ResultRow:
        row, folders = outcome.row, _folders(outcome)
        return ResultRow(
            label=row.name,
            figures=tuple(self._measured(outcome, figure) for figure in figures),
            anchor=anchors.get(folders[0]) if folders else None,
            changes=tuple((key, setting(value)) for key, value in row.overrides.items()),
            stand_in=any(result.stand_in for result in outcome.results),
            runs=len(outcome.results),
            verdict=self.verdict(outcome),
            notes=tuple(outcome.notes),
        )

    def _measured(self, outcome: Outcome, figure: str) -> Cell:
        """Return a metric of a row; it has an interval if it decides the verdict or is of a single run."""
        published = {str(name): value for name, value in outcome.row.published.items()}.get(figure)
        found = outcome.measured.get(figure)
        if found is None:
            return Cell(published=published)
        has_interval = figure == self.plan.table.decides or found.spread is None
        return Cell(found.mean, found.interval if has_interval else None, published, found.spread)


def in_order(names: Iterable[Iterable[str]]) -> list[str]:
    """Return each name of a metric once, sorted by split: training, validation, test."""
    return sorted(
        dict.fromkeys(chain.from_iterable(names)), key=lambda name: SPLITS.index(name.split("_")[0])
    )


def _folders(outcome: Outcome) -> list[Path]:
    """Return the run folders of an outcome."""
    return [result.run for result in outcome.results if result.run is not None]
