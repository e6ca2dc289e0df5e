"""Tables of the measurements of `kzoo bench attention`."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from .output import console, print_table

Row = dict[str, Any]


def print_attention(title: str, rows: list[Row], crossings: list[Row]) -> None:
    """Print times and, if measured, memory for each dim and pass, and where linear attention is faster."""
    console().print(title, style="bold", soft_wrap=True)
    groups = groupby(sorted(rows, key=_panel), key=_panel)
    for (dim, backward), panel in groups:
        chosen = list(panel)
        name = f"D = {dim}, {'forward and backward' if backward else 'forward'}"
        _print_panel(f"\n{name}: milliseconds", chosen, _milliseconds)
        if any(row["extra_bytes"] is not None for row in chosen):
            _print_panel(f"\n{name}: MB beyond inputs and outputs", chosen, _megabytes)
        for crossing in crossings:
            if _panel(crossing) == (dim, backward):
                console().print(_verdict(crossing, chosen), soft_wrap=True)


def _panel(row: Row) -> tuple[int, bool]:
    return row["dim"], row["backward"]


def _print_panel(title: str, rows: list[Row], show: Any) -> None:
    lengths = sorted({row["length"] for row in rows})
    cells = {(row["method"], row["length"]): show(row) for row in rows}
    features = {row["method"]: row["features"] for row in rows}
    print_table(
        "",
        ">M",
        *(f">L = {length:,}" for length in lengths),
        rows=[
            (method, f"{count:,}" if count else "", *(cells[method, length] for length in lengths))
            for method, count in features.items()
        ],
        title=title,
    )


def _milliseconds(row: Row) -> str:
    return _cell(row, row["seconds"] and 1e3 * row["seconds"])


def _megabytes(row: Row) -> str:
    return _cell(row, row["extra_bytes"] and row["extra_bytes"] / 1e6)


def _cell(row: Row, value: float | None) -> str:
    if not row["fits"]:
        return "does not fit"
    return "-" if value is None else f"{value:,.2f}" if value < 10 else f"{value:,.0f}"


def _verdict(crossing: Row, rows: list[Row]) -> str:
    """Say at which lengths a linear attention is faster or slower than softmax attention."""
    method, length, first = crossing["method"], crossing["length"], crossing["faster_from"]
    lengths = sorted({row["length"] for row in rows})
    if first is None:
        return f"{method} is slower than softmax attention at every length at which both were timed."
    if length is None:
        return f"{method} is faster than softmax attention from the shortest length, {lengths[0]:,}."
    return f"{method} is slower than softmax attention below L of about {length:,.0f} and faster above."
