"""The `kzoo records` command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import Json
from .output import console, print_json
from .reproduce import complete_table

if TYPE_CHECKING:
    from collections.abc import Sequence


def complete_record(incomplete: str) -> list[str]:
    """Return the tables of records that complete a word, without importing Keras or NumPy."""
    from kzoo.bench.record import SPEED_TABLES

    return [*complete_table(incomplete), *(name for name in SPEED_TABLES if name.startswith(incomplete))]


def records(
    tables: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TABLE]...",
            help="Published tables, speed-train or speed-decode; by default all.",
            autocompletion=complete_record,
        ),
    ] = None,
    write: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write each table into a file, between <!-- records TABLE --> and <!-- end -->.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the recorded results of the published tables and the recorded speeds, in Markdown."""
    from kzoo.bench.record import SPEED_TABLES
    from kzoo.reproduction.table import list_tables

    if write is not None:
        _fill(write, tables)
        return
    kept = [name for name in tables or (*list_tables(), *SPEED_TABLES) if _has_records(name)]
    if as_json:
        print_json({name: _told(name)[1] for name in kept})
        return
    for name in kept:
        console().print(_told(name)[0], soft_wrap=True)
    if not kept:
        console().print("no results are recorded", soft_wrap=True)


COMMANDS = (records,)


def _has_records(name: str) -> bool:
    from kzoo.bench.record import SPEED_TABLES, load_speeds
    from kzoo.reproduction.record import load_records
    from kzoo.reproduction.table import load_table

    return bool(load_speeds(name) if name in SPEED_TABLES else load_records(load_table(name)))


def _told(name: str) -> tuple[str, list[dict[str, Any]]]:
    """Return a table of records in Markdown, and its entries ready for JSON."""
    from kzoo.bench.record import SPEED_TABLES, load_speeds
    from kzoo.reporting.records import records_markdown
    from kzoo.reporting.speeds import speeds_markdown
    from kzoo.reproduction.record import load_records
    from kzoo.reproduction.table import load_table
    from kzoo.reproduction.verdict import judge

    if name in SPEED_TABLES:
        speeds = load_speeds(name)
        return speeds_markdown(name, speeds), [speed.model_dump(mode="json") for speed in speeds]
    table = load_table(name)
    outcomes = judge(table, load_records(table))
    return records_markdown(table, outcomes), [outcome.to_json() for outcome in outcomes]


def _fill(path: Path, tables: Sequence[str] | None) -> None:
    """Write the tables, or by default all that have a place in the file, into the file."""
    from kzoo.data.errors import regular
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
    atomic_write_text(path, fill_blocks(document, {name: _told(name)[0] for name in tables or placed}))
