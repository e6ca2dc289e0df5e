"""The metrics of runs that belong to no reproduced table: one table for each task."""

from __future__ import annotations

from collections.abc import Sequence

from kzoo import registry
from kzoo.metrics.table import label_of
from kzoo.reporting.page.parts import Cell, ResultRow, ResultTable
from kzoo.reporting.page.run import ReportedRun
from kzoo.reporting.page.table import in_order


def task_tables(runs: Sequence[ReportedRun]) -> list[ResultTable]:
    """Return a table of the runs of each task."""
    groups: dict[str, list[ReportedRun]] = {}
    for run in runs:
        groups.setdefault(registry.card(run.recipe.model.name).task, []).append(run)
    return [_table(task, group) for task, group in groups.items()]


def _table(task: str, runs: Sequence[ReportedRun]) -> ResultTable:
    figures = [
        figure for figure in _table_figures(runs) if any(run.measured(figure) != Cell() for run in runs)
    ]
    rows = tuple(
        ResultRow(
            run.label,
            tuple(run.measured(figure) for figure in figures),
            run.comparison.get("source", ""),
            run.anchor,
            run.changes,
            run.stand_in,
            notes=_notes(run),
        )
        for run in runs
    )
    return ResultTable(task.capitalize(), tuple(map(label_of, figures)), rows)


def _notes(run: ReportedRun) -> tuple[str, ...]:
    """Return the remark on the published figures, or the reason why there are none."""
    comparison = run.comparison
    if comparison["published"] is None:
        return (f"no published figures, {comparison['reason']}",)
    return (comparison["remark"],) if comparison["remark"] else ()


def _table_figures(runs: Sequence[ReportedRun]) -> list[str]:
    """Return the metrics published for any of the runs, otherwise those of the last epoch and the test."""
    published = [run.recipe.published.figures for run in runs if run.recipe.published]
    if published:
        return in_order(published)
    tested = [
        name for run in runs for name in run.metrics if name.startswith("test_") and name != "test_loss"
    ]
    first = [f"validation_{name.removeprefix('test_')}" for name in tested[:1]]
    return in_order([["train_loss_running", *first, *tested]])
