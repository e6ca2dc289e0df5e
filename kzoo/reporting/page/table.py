"""A reproduced table on a page of results: published, measured, verdict."""

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
    """A plan in the folder of its runs, under the name that it has on the page."""

    plan: Plan
    root: Path
    name: str

    @cached_property
    def outcomes(self) -> list[Outcome]:
        """What became of each row that was to be trained."""
        asked = {job.row for job in self.plan.jobs}
        return [outcome for outcome in self.plan.outcomes(self.root) if outcome.row.name in asked]

    @property
    def seeds(self) -> int:
        """How many runs a row has, when all are done."""
        return len({job.seed for job in self.plan.jobs})

    @cached_property
    def labels(self) -> dict[Path, str]:
        """The folders of the finished runs, each called by its first row and, of several seeds, its own."""
        found: dict[Path, str] = {}
        for outcome in self.outcomes:
            for result, folder in zip(outcome.results, _folders(outcome), strict=True):
                seed = f", seed {result.seed}" if self.seeds > 1 else ""
                found.setdefault(folder, f"{outcome.row.name}{seed}")
        return found

    @cached_property
    def curves(self) -> dict[Path, str]:
        """The folders whose curves are drawn, those of each row's first seed, with the row."""
        rows = reversed(self.outcomes)
        return {folder: outcome.row.name for outcome in rows for folder in _folders(outcome)[:1]}

    @property
    def told(self) -> Collection[Path]:
        """The folders of the runs that have a section of their own: all of them."""
        return self.labels.keys()

    @property
    def command(self) -> str:
        """How the runs are made."""
        asked, plan = [outcome.row.name for outcome in self.outcomes], self.plan
        rows = ["--rows", ",".join(asked)] if len(asked) < len(plan.table.rows) else []
        seeds = ["--seeds", str(self.seeds)] if self.seeds > 1 else []
        settings = [
            word for key, value in plan.settings.items() for word in ("--set", f"{key}={setting(value)}")
        ]
        words = plan.words or ("reproduce", plan.table.name)
        return shlex.join(["kzoo", *words, *rows, *seeds, "--backend", plan.backend, *settings])

    def result_table(self, anchors: Mapping[Path, str]) -> ResultTable:
        """The table; `anchors` has the sections of the runs."""
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
        """What was published for the rows."""
        return in_order(row.published for row in self.plan.table.rows)

    @property
    def rule(self) -> str:
        """How the rows are judged."""
        return f"The {label_of(self.plan.table.decides)} decides; {RULE}."

    def verdict(self, outcome: Outcome) -> str | None:
        """The verdict on a row."""
        return outcome.verdict

    @property
    def _settings(self) -> str:
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
        """The mean and the spread over the seeds; of what decides, and of a single seed, the interval too."""
        published = {str(name): value for name, value in outcome.row.published.items()}.get(figure)
        found = outcome.measured.get(figure)
        if found is None:
            return Cell(published=published)
        has_interval = figure == self.plan.table.decides or found.spread is None
        return Cell(found.mean, found.interval if has_interval else None, published, found.spread)


def in_order(names: Iterable[Iterable[str]]) -> list[str]:
    """Names of figures, each once: those of training first and those of the test last."""
    return sorted(
        dict.fromkeys(chain.from_iterable(names)), key=lambda name: SPLITS.index(name.split("_")[0])
    )


def _folders(outcome: Outcome) -> list[Path]:
    return [result.run for result in outcome.results if result.run is not None]
