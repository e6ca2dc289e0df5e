"""The contents of a page of results, collected from run folders and tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kzoo import registry
from kzoo.metrics.table import label_of
from kzoo.pictures.curves import curves
from kzoo.pictures.figure import to_png
from kzoo.pictures.title import run_label
from kzoo.reporting.page.circumstances import data_groups, environment_groups
from kzoo.reporting.page.models import model_sections
from kzoo.reporting.page.parts import Page, Picture
from kzoo.reporting.page.run import ReportedRun, run_section
from kzoo.reporting.page.spelling import listing, number, slug
from kzoo.reporting.page.table import ReportedTable
from kzoo.reporting.page.tasks import task_tables


def results_page(
    runs: Sequence[ReportedRun], tables: Sequence[ReportedTable] = (), *, title: str = ""
) -> Page:
    """Collect a page of results; Keras must have been started to count the parameters of the models.

    Args:
        runs: the runs, in the order of their sections.
        tables: reproduced tables, whose runs are among `runs`.
        title: the title of the page, made from the tables and runs if empty.
    """
    anchors = {run.folder.path: run.anchor for run in runs if run.is_told}
    in_tables = {path for table in tables for path in table.labels}
    others = [run for run in runs if run.folder.path not in in_tables]
    return Page(
        title=title or _title(runs, tables),
        lead=_lead(runs),
        tables=(*(table.result_table(anchors) for table in tables), *task_tables(others)),
        curves=tuple(_curves(runs)),
        runs=tuple(run_section(run) for run in runs if run.is_told),
        models=tuple(model_sections(runs)),
        data=tuple(data_groups(runs)),
        environments=tuple(environment_groups(runs)),
        commands=tuple(dict.fromkeys([*(table.command for table in tables), *(run.command for run in runs)])),
    )


def _title(runs: Sequence[ReportedRun], tables: Sequence[ReportedTable]) -> str:
    if tables:
        return listing([f"{table.name}: {table.plan.table.title}" for table in tables], "tables", 1)
    recipes = list(dict.fromkeys(run.recipe.name for run in runs))
    sets = list(dict.fromkeys(run.environment["data"]["name"] for run in runs))
    return f"{listing(recipes, 'recipes')} on {listing(sets, 'data sets')}"


def _lead(runs: Sequence[ReportedRun]) -> str:
    """Spell how many runs there are, and how many are unfinished or on stand-in data."""
    count = "one run" if len(runs) == 1 else f"{len(runs)} runs"
    unfinished = sum(not run.metrics for run in runs)
    stand_ins = sum(run.stand_in for run in runs)
    told = [
        count,
        f"{unfinished} unfinished" * bool(unfinished),
        f"{stand_ins} on stand-in data" * bool(stand_ins),
    ]
    return ", ".join(filter(None, told))


def _curves(runs: Sequence[ReportedRun]) -> Iterable[Picture]:
    """Draw the curves of all runs, in one picture for each task."""
    tasks: dict[str, list[ReportedRun]] = {}
    for run in runs:
        if run.history and run.curve is not None:
            tasks.setdefault(registry.card(run.recipe.model.name).task, []).append(run)
    for task, group in tasks.items():
        metric = group[0].criterion
        measure = f"validation_{metric.name}"
        what = label_of(measure)
        histories = {run_label(run.curve or "", run.stand_in): run.history for run in group}
        caption = (
            f"Training loss, averaged since the first epoch as the reports print it, and {what} "
            "after each epoch; a star marks the best."
        )
        ends = ", ".join(f"{label} {number(history[measure][-1])}" for label, history in histories.items())
        png = to_png(curves(histories, metric, running=True))
        yield Picture(f"curves-{slug(task)}", caption, f"{caption} The last {what}: {ends}.", png, wide=True)
