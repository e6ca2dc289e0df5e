"""The output of the commands: tables for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.console import Console


PIPE_WIDTH = 200
"""The number of columns of a pipe or a file, which have no width of their own."""


def print_json(obj: Any) -> None:
    """Print `obj` as JSON, the only output of a command on stdout under `--json`."""
    encoding = sys.stdout.encoding or "utf-8"
    print(json.dumps(obj, indent=2, ensure_ascii=not encoding.lower().startswith("utf")))


def print_lines(lines: Iterable[str]) -> None:
    """Print lines on stderr, such as remarks on a result."""
    for line in lines:
        error_console().print(line, soft_wrap=True)


def print_data(data: Mapping[str, Any], wanted: str | None = None, noun: str = "examples") -> None:
    """Print the training data on stderr, highlighted if they are a stand-in.

    Args:
        data: `name`, `location`, `stand_in` and `sizes` of the data set.
        wanted: the name of the set in the recipe.
        noun: what the examples are called.
    """
    from kzoo.data.splits import sizes_line

    name, place = data["name"], f"{data['location']} ({sizes_line(data['sizes'])} {noun})"
    line = f"data {name}, {place}"
    if data["stand_in"] and wanted is None:
        line = f"STAND-IN DATA {name}, {place}"
    elif data["stand_in"] and wanted != name:
        line = (
            f"STAND-IN DATA: no {wanted} found; {name} stands in for it, {place}; "
            "do not compare its results with published figures"
        )
    error_console().print(line, style="bold yellow" if data["stand_in"] else "", soft_wrap=True)


def console() -> Console:
    """Return a console on stdout, PIPE_WIDTH wide if that is not a terminal; it honours NO_COLOR."""
    terminal = _console()
    return terminal if terminal.is_terminal else _console(width=PIPE_WIDTH)


def error_console() -> Console:
    """Return a console on stderr, for progress and messages."""
    return _console(stderr=True)


def _console(**options: Any) -> Console:
    """Return a console that prints text unchanged, since a path may contain Rich's markup."""
    from rich.console import Console

    return Console(markup=False, emoji=False, highlight=False, **options)


def print_table(*columns: str, rows: Iterable[Sequence[str]], title: str | None = None) -> None:
    """Print a title and a table without boxes; a column whose name begins with `>` is aligned to the right.

    Right-aligned columns are not folded, nor is a first column up to half the width. Other cells are folded,
    between words if possible.
    """
    from rich.table import Table

    screen, rows = console(), list(rows)
    longest_name = max((len(row[0]) for row in rows), default=0)
    table = Table(box=None, show_header=any(columns))
    for index, column in enumerate(columns):
        right = column.startswith(">")
        table.add_column(
            column.lstrip(">"),
            justify="right" if right else "left",
            overflow="fold",
            no_wrap=right or (index == 0 and longest_name <= screen.width // 2),
        )
    for row in rows:
        table.add_row(*row)
    if title is not None:
        screen.print(title, style="bold")
    screen.print(table)
