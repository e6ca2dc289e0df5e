"""From a table to its runs: the one way for published tables and for a user's own grid."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from kzoo.reproduction.code import code_version
from kzoo.reproduction.conditions import Conditions
from kzoo.reproduction.plan import FILE, Plan, create_plan, load_plan
from kzoo.reproduction.probe import Probe
from kzoo.reproduction.table import Row
from kzoo.reproduction.work import Watcher, work


def run_rows(
    conditions: Conditions,
    rows: Iterable[Row],
    root: Path,
    *,
    seeds: int,
    size: int,
    require_data: bool,
    announce: Callable[[dict[str, Any]], None],
    watcher: Watcher,
) -> Plan:
    """Run these rows, as far as that was not done before, and keep plan and runs in a folder.

    Args:
        conditions: what the rows have in common.
        rows: which rows of the table.
        root: the folder.
        seeds: how many runs a row has.
        size: how many runs are made at a time.
        require_data: refuse a stand-in.
        announce: hears what is said of each set of data, before anything is trained.
        watcher: hears of the runs.

    Raises:
        KzooError: a recipe or its data are wrong.
        KeyboardInterrupt: the same call goes on.
    """
    root.mkdir(parents=True, exist_ok=True)
    conditions.write_recipes(root)
    probe = Probe(conditions, root, require_data)
    plan = create_plan(conditions, rows, seeds=seeds, code=code_version(), identify=probe.identify)
    for answer in probe.answers.values():
        announce(answer["data"])
    if (root / FILE).is_file():
        plan = plan.beside(load_plan(root), root)
    plan.save(root)
    done = work(plan, root, conditions, size=size, watcher=watcher)
    done.save(root)
    return done
