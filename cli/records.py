"""`kzoo records`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import Json
from .output import console, print_json
from .reproduce import complete_table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def records(
    tables: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TABLE]...", help="Published tables; otherwise all.", autocompletion=complete_table
        ),
    ] = None,
    write: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Put each table between <!-- records TABLE --> and <!-- end --> of a file.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the results of record of the published tables, in Markdown."""
    from kzoo.reporting.records import records_markdown
    from kzoo.reproduction.record import load_records
    from kzoo.reproduction.table import list_tables, load_table
    from kzoo.reproduction.verdict import judge

    def tell(name: str) -> str:
        table = load_table(name)
        return records_markdown(table, judge(table, load_records(table)))

    if write is not None:
        _fill(write, tables, tell)
        return
    kept = {name: results for name in tables or list_tables() if (results := load_records(load_table(name)))}
    if as_json:
        judged = {name: judge(load_table(name), results) for name, results in kept.items()}
        print_json({name: [outcome.to_json() for outcome in found] for name, found in judged.items()})
        return
    for name in kept:
        console().print(tell(name), soft_wrap=True)
    if not kept:
        console().print("no results of record", soft_wrap=True)


COMMANDS = (records,)


def _fill(path: Path, tables: Sequence[str] | None, tell: Callable[[str], str]) -> None:
    """Put what is told of the tables, or of all that have a place in the file, into it."""
    from kzoo.data.faults import regular
    from kzoo.errors import DataError, UsageError
    from kzoo.files import atomic_write_text
    from kzoo.reporting.records import fill_blocks, list_blocks

    try:
        document = regular(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not a text in UTF-8") from error
    placed = list_blocks(document)
    for name in tables or placed or ["TABLE"]:
        if name not in placed:
            raise UsageError(
                f"{path} has no place for {name}: put <!-- records {name} --> and <!-- end --> where it goes"
            )
    atomic_write_text(path, fill_blocks(document, {name: tell(name) for name in tables or placed}))
