"""How the outcomes of a table are printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .output import console, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kzoo.recipe import Figure
    from kzoo.reproduction.table import Table
    from kzoo.reproduction.verdict import Outcome


def print_outcomes(table: Table, outcomes: Sequence[Outcome]) -> None:
    """Each row: published, measured, verdict; then the notes, the rule, the environment and the cost."""
    from kzoo.metrics.table import label_of
    from kzoo.reporting.page.spelling import interval
    from kzoo.reporting.records import made_with, row_notes
    from kzoo.reproduction.verdict import RULE

    figures = table.figures
    columns = [word for figure in figures for word in (f">{label_of(figure)}", ">measured")]
    rows = [
        (
            outcome.row.name,
            *(cell for figure in figures for cell in _cells(outcome, figure)),
            interval(outcome.measured[table.decides].interval) if table.decides in outcome.measured else "",
            str(len(outcome.results)),
            outcome.verdict,
        )
        for outcome in outcomes
    ]
    title = f"{table.source}: {table.title}"
    print_table("row", *columns, "95 % interval", ">runs", "verdict", rows=rows, title=title)
    for line in filter(None, (table.note, *row_notes(outcomes), RULE, made_with(outcomes))):
        console().print(line, soft_wrap=True)


def _cells(outcome: Outcome, figure: Figure) -> tuple[str, str]:
    from kzoo.reporting.page.spelling import number
    from kzoo.reporting.records import mean_and_spread

    measured = outcome.measured.get(figure)
    return number(outcome.row.published.get(figure)), mean_and_spread(measured) if measured else number(None)
