"""The `kzoo reproduce` command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import BackendOption, DataDir, Json, RequireData, Settings
from .outcome_table import print_outcomes
from .output import console, print_json, print_table
from .runs import DryRun, Fraction, Jobs, Seeds, open_engine, print_costs, settings


def complete_table(incomplete: str) -> list[str]:
    """Return the published tables that complete a word, without importing Keras or NumPy."""
    from kzoo.reproduction.table import list_tables

    return [name for name in list_tables() if name.startswith(incomplete)]


def reproduce(
    table: Annotated[
        str | None,
        typer.Argument(help="A published table or a table file (.yaml).", autocompletion=complete_table),
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the tables.")] = False,
    rows: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Rows or patterns, separated by commas: 'lr0.1-*'.")
    ] = None,
    seeds: Seeds = 1,
    fraction: Fraction = None,
    set_: Settings = None,
    jobs: Jobs = 1,
    dry_run: DryRun = False,
    out: Annotated[
        Path | None, typer.Option(help="The folder of the runs; by default runs/tables/TABLE.")
    ] = None,
    record: Annotated[
        bool, typer.Option("--record", help="Store the measured results in the repository.")
    ] = False,
    data_dir: DataDir = None,
    require_data: RequireData = False,
    backend: BackendOption = None,
    as_json: Json = False,
) -> None:
    """Train the rows of a published table again, and judge whether each row reproduces.

    Finished runs with the same recipe, data and code are reused, and interrupted runs are resumed. A row that
    fails does not stop the others. The exit code is 1 if a requested row failed or is worse than published.
    """
    from kzoo import runtime
    from kzoo.errors import UsageError
    from kzoo.reproduction.conditions import Conditions
    from kzoo.reproduction.record import check_record, keep
    from kzoo.reproduction.table import list_tables, load_table

    if list_:
        _list_tables(as_json)
        return
    if table is None:
        raise UsageError(f"name a table to reproduce: {', '.join(list_tables())}")
    if record and (fraction is not None or set_ or table not in list_tables()):
        raise UsageError("--record needs an unchanged published table: leave out --fraction and --set")
    wanted = load_table(table)
    chosen = wanted.pick([] if rows is None else [name.strip() for name in rows.split(",")])
    changes = settings(set_, fraction)
    preferred = wanted.recipe(chosen[0], changes).runtime.backend
    conditions = Conditions(wanted, changes, runtime.choose_backend(backend, preferred), data_dir)
    root, needs_data = out or Path("runs") / "tables" / wanted.name, require_data or record
    if dry_run:
        print_costs(conditions, chosen, root, seeds, jobs, needs_data, as_json)
        return
    if record:
        check_record(wanted)
    words = ("reproduce", table)
    with open_engine(root, words, wanted.decides, seeds, jobs, needs_data) as engine:
        plan = engine.run(conditions, chosen)
    names = {row.name for row in chosen}
    if record:
        keep(wanted, [result for result in plan.results(root) if result.row in names])
    outcomes = [outcome for outcome in plan.outcomes(root) if outcome.verdict != "not run"]
    if as_json:
        told = [outcome.to_json() for outcome in outcomes]
        print_json({"table": wanted.name, "folder": str(root), "settings": plan.settings, "rows": told})
    else:
        print_outcomes(wanted, outcomes)
        console().print(f"runs in {root}", soft_wrap=True)
    if any(outcome.is_bad for outcome in outcomes if outcome.row.name in names):
        raise typer.Exit(1)


COMMANDS = (reproduce,)


def _list_tables(as_json: bool) -> None:
    from kzoo.reproduction.table import list_tables, load_table

    tables = [load_table(name) for name in list_tables()]
    if as_json:
        print_json([table.model_dump(mode="json") for table in tables])
        return
    rows = [(table.name, str(len(table.rows)), table.title, table.source) for table in tables]
    print_table("table", ">rows", "title", "source", rows=rows)
