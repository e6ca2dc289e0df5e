"""A reproduced table on a page of results: published, measured, verdict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path

from kzoo.reporting.page.parts import Measured, ResultRow, ResultTable
from kzoo.reporting.page.spelling import figure_name, setting
from kzoo.reproduction.plan import Plan
from kzoo.reproduction.verdict import Outcome

RULE = (
    "A figure is the mean over the seeds; below it stands the interval in which 95 % of further runs fall, "
    "of one seed that of its test. Reproduced: the published figure lies in it. Better, worse: it lies "
    "outside. Not comparable: the data or the recipe are not those of the report."
)


@dataclass(frozen=True)
class ReportedTable:
    """A plan in the folder of its runs."""

    plan: Plan
    root: Path

    @cached_property
    def outcomes(self) -> list[Outcome]:
        """What became of each row that was to be trained."""
        asked = {job.row for job in self.plan.jobs}
        return [outcome for outcome in self.plan.outcomes(self.root) if outcome.row.name in asked]

    @property
    def name(self) -> str:
        """The name of the table."""
        return self.plan.table.name

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

    @property
    def first_runs(self) -> set[Path]:
        """The folders of each row's first seed."""
        return {folder for outcome in self.outcomes for folder in _folders(outcome)[:1]}

    @property
    def command(self) -> str:
        """How the table is reproduced."""
        settings = [f"--set {key}={setting(value)}" for key, value in self.plan.settings.items()]
        seeds = [f"--seeds {self.seeds}"] if self.seeds > 1 else []
        return " ".join(["kzoo reproduce", self.name, *seeds, f"--backend {self.plan.backend}", *settings])

    def result_table(self, anchors: Mapping[Path, str]) -> ResultTable:
        """The table; `anchors` has the sections of the runs."""
        table = self.plan.table
        figures = self._figures
        decides = f"{figure_name(table.decides)} decides.".capitalize()
        return ResultTable(
            title=f"{table.name}: {table.title}",
            figures=tuple(map(figure_name, figures)),
            rows=tuple(self._row(outcome, figures, anchors) for outcome in self.outcomes),
            remarks=tuple(filter(None, (table.note, f"{decides} {RULE}", *self._settings))),
        )

    @property
    def _figures(self) -> list[str]:
        """What was published for the rows; of a grid, for which nothing was, what decides and its like."""
        _, _, figure = self.plan.table.decides.partition("_")
        unpublished = ["train_loss_running", *(f"{split}_{figure}" for split in ("validation", "test"))]
        return in_order(row.published for row in self.plan.table.rows) or unpublished

    @property
    def _settings(self) -> Iterable[str]:
        for key, value in self.plan.settings.items():
            yield f"Trained with {key}={setting(value)} in every row."

    def _row(self, outcome: Outcome, figures: list[str], anchors: Mapping[Path, str]) -> ResultRow:
        row, folders = outcome.row, _folders(outcome)
        return ResultRow(
            label=row.name,
            figures=tuple(_measured(outcome, figure) for figure in figures),
            anchor=anchors.get(folders[0]) if folders else None,
            changes=tuple((key, setting(value)) for key, value in row.overrides.items()),
            stand_in=any(result.stand_in for result in outcome.results),
            runs=len(outcome.results),
            verdict=outcome.verdict,
            notes=tuple(filter(None, (outcome.reason, row.note))),
        )


def in_order(names: Iterable[Iterable[str]]) -> list[str]:
    """Names of figures, each once: those of training first and those of the test last."""
    return sorted(
        dict.fromkeys(chain.from_iterable(names)), key=lambda name: _SPLITS.index(name.split("_")[0])
    )


def _folders(outcome: Outcome) -> list[Path]:
    return [result.run for result in outcome.results if result.run is not None]


def _measured(outcome: Outcome, figure: str) -> Measured:
    published = {str(name): value for name, value in outcome.row.published.items()}.get(figure)
    found = outcome.measured.get(figure)
    return Measured(published=published) if found is None else Measured(found.mean, found.interval, published)


_SPLITS = ("train", "validation", "test")
