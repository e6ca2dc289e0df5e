"""How the outcomes of a table are printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .output import console, print_table
from .watch import span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kzoo.recipe import Figure
    from kzoo.reproduction.table import Table
    from kzoo.reproduction.verdict import Measured, Outcome


def print_outcomes(table: Table, outcomes: Sequence[Outcome]) -> None:
    """Each row: published, measured, verdict; then the reasons, the rule, the environment and the cost."""
    from kzoo.reproduction.verdict import RULE

    named = [figure for outcome in outcomes for figure in outcome.row.published]
    figures = list(dict.fromkeys([table.decides, *named]))
    columns = [word for figure in figures for word in (f">{figure.replace('_', ' ')}", ">measured")]
    rows = [
        (
            outcome.row.name,
            *(cell for figure in figures for cell in _cells(outcome, figure)),
            _interval(outcome.measured.get(table.decides)),
            str(len(outcome.results)),
            outcome.verdict,
        )
        for outcome in outcomes
    ]
    title = f"{table.source}: {table.title}"
    print_table("row", *columns, "interval", ">runs", "verdict", rows=rows, title=title)
    for line in filter(None, (table.note, *_reasons(outcomes), RULE, _made_with(outcomes))):
        console().print(line, soft_wrap=True)


def _cells(outcome: Outcome, figure: Figure) -> tuple[str, str]:
    published, measured = outcome.row.published.get(figure), outcome.measured.get(figure)
    return "-" if published is None else f"{published:.4f}", "-" if measured is None else mean_and_spread(
        measured
    )


def mean_and_spread(measured: Measured) -> str:
    """A mean, with the standard deviation over the seeds where there are several."""
    spread = "" if measured.spread is None else f" ± {measured.spread:.4f}"
    return f"{measured.mean:.4f}{spread}"


def _interval(measured: Measured | None) -> str:
    return "{:.4f} to {:.4f}".format(*measured.interval) if measured and measured.interval else "-"


def _reasons(outcomes: Sequence[Outcome]) -> list[str]:
    """Each reason once, with the rows that it is of."""
    rows: dict[str, list[str]] = {}
    for outcome in outcomes:
        rows.setdefault(outcome.reason, []).append(outcome.row.name)
    rows.pop("", None)
    return [
        f"{'all rows' if len(names) == len(outcomes) > 1 else ', '.join(names)}: {reason}"
        for reason, names in rows.items()
    ]


def _made_with(outcomes: Sequence[Outcome]) -> str:
    """The environments of the runs, and how long they were trained for."""
    results = {result.run: result for outcome in outcomes for result in outcome.results}.values()
    places = dict.fromkeys(
        f"{result.backend} {result.versions[result.backend]}, {result.device}" for result in results
    )
    seconds = sum(result.seconds for result in results)
    return f"{len(results)} runs on {'; '.join(places)}: {span(seconds)} of training" if results else ""
