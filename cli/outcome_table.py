"""Printing of the outcomes of a reproduced table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .output import console, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kzoo.recipe import Figure
    from kzoo.reproduction.table import Table
    from kzoo.reproduction.verdict import Outcome


def print_outcomes(table: Table, outcomes: Sequence[Outcome]) -> None:
    """Print the published and measured metrics and the verdict of each row, then notes and environments."""
    from kzoo.metrics.table import label_of
    from kzoo.reporting.page.spelling import MISSING, interval, number
    from kzoo.reporting.records import made_with, row_notes
    from kzoo.reproduction.verdict import RULE

    columns = {"row": [outcome.row.name for outcome in outcomes]}
    for figure in table.figures:
        columns[f">{label_of(figure)}"] = [number(outcome.row.published.get(figure)) for outcome in outcomes]
        columns[f">measured {figure}"] = [_measured(outcome, figure) for outcome in outcomes]
    columns["95 % interval"] = [
        interval(outcome.measured[table.decides].interval) if table.decides in outcome.measured else MISSING
        for outcome in outcomes
    ]
    columns[">runs"] = [str(len(outcome.results)) for outcome in outcomes]
    columns["verdict"] = [outcome.verdict for outcome in outcomes]
    told = {name: cells for name, cells in columns.items() if set(cells) != {MISSING}}
    heads = [">measured" if name.startswith(">measured") else name for name in told]
    title = f"{table.source}: {table.title}"
    print_table(*heads, rows=list(zip(*told.values(), strict=True)), title=title)
    for line in filter(None, (table.note, *row_notes(outcomes), RULE, made_with(outcomes))):
        console().print(line, soft_wrap=True)


def _measured(outcome: Outcome, figure: Figure) -> str:
    from kzoo.reporting.page.spelling import MISSING
    from kzoo.reporting.records import mean_and_spread

    measured = outcome.measured.get(figure)
    return mean_and_spread(measured) if measured else MISSING
