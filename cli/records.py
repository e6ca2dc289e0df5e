"""`kzoo records`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import Json
from .output import console, print_json
from .reproduce import complete_table


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
    from kzoo.files import atomic_write_text
    from kzoo.reporting.records import fill_blocks, records_markdown
    from kzoo.reproduction.record import load_records
    from kzoo.reproduction.table import list_tables, load_table
    from kzoo.reproduction.verdict import judge

    def tell(name: str) -> str:
        table = load_table(name)
        return records_markdown(table, judge(table, load_records(table)))

    if write is not None:
        atomic_write_text(write, fill_blocks(write.read_text(encoding="utf-8"), tell))
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
