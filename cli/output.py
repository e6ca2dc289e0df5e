"""What the verbs print: tables for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.console import Console


PIPE_WIDTH = 200
"""Columns in a pipe or a file, which have no width of their own."""


def print_json(obj: Any) -> None:
    """Print `obj` as JSON, the only thing that a verb prints on stdout under `--json`."""
    encoding = sys.stdout.encoding or "utf-8"
    print(json.dumps(obj, indent=2, ensure_ascii=not encoding.lower().startswith("utf")))


def print_lines(lines: Iterable[str]) -> None:
    """Print lines on stderr: what is to be said beside a result."""
    for line in lines:
        error_console().print(line, soft_wrap=True)


def print_data(data: Mapping[str, Any], wanted: str | None = None, noun: str = "examples") -> None:
    """Say on stderr what is trained on, and plainly so if it is a stand-in.

    Args:
        data: `name`, `location`, `stand_in` and `sizes`.
        wanted: the set that the recipe names.
        noun: what the examples are.
    """
    from kzoo.data.splits import sizes_line

    name, place = data["name"], f"{data['location']} ({sizes_line(data['sizes'])} {noun})"
    line = f"data {name}, {place}"
    if data["stand_in"] and wanted is None:
        line = f"STAND-IN DATA {name}, {place}"
    elif data["stand_in"] and wanted != name:
        line = (
            f"STAND-IN DATA: no {wanted} found; {name} stands in for it, {place}; "
            "compare no figure with a published one"
        )
    error_console().print(line, style="bold yellow" if data["stand_in"] else "", soft_wrap=True)


def console() -> Console:
    """A console on stdout, PIPE_WIDTH wide where that is no terminal; it honours NO_COLOR."""
    terminal = _console()
    return terminal if terminal.is_terminal else _console(width=PIPE_WIDTH)


def error_console() -> Console:
    """A console on stderr, for progress and messages."""
    return _console(stderr=True)


def _console(**options: Any) -> Console:
    """A console that prints text as it is: a path may hold what Rich would take for markup."""
    from rich.console import Console

    return Console(markup=False, emoji=False, highlight=False, **options)


def print_table(*columns: str, rows: Iterable[Sequence[str]], title: str | None = None) -> None:
    """Print a title and a table without boxes; a column whose name begins with `>` is aligned to the right.

    Numbers are not folded, nor are names up to half the width; other cells are, between words where they can.
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
