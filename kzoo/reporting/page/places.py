"""The arguments of a page of results: folders of runs, and reproduced tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from kzoo.errors import UsageError
from kzoo.pictures.title import shortest_name
from kzoo.reporting.page.run import ReportedRun
from kzoo.reporting.page.spelling import slug
from kzoo.reporting.page.sweep import ReportedSweep
from kzoo.reporting.page.table import ReportedTable
from kzoo.reproduction.plan import FILE, load_plan
from kzoo.shipped import is_shipped
from kzoo.training.run import RunFolder, open_run

TABLES = Path("runs/tables")
"""The default folder of reproduced tables."""


def open_places(places: Sequence[str]) -> tuple[list[ReportedRun], list[ReportedTable]]:
    """Open the runs, each once, and the tables, whose finished runs are among them.

    A run of a table is labelled by its row, any other run by the shortest unique end of its path.

    Args:
        places: folders of runs, of tables or of sweeps, or the names of tables in `TABLES` or of weights
            that come with kzoo.

    Raises:
        UsageError: a place is neither a folder of these kinds nor the name of a table.
    """
    roots = {place: root for place in places if (root := _find_table(place))}
    tables = {table.root: table for table in _open_tables(dict.fromkeys(roots.values()))}
    owners: dict[Path, ReportedTable | None] = {}
    for place in places:
        if place in roots:
            table = tables[roots[place]]
            owners |= dict.fromkeys(table.labels, table)
        else:
            owners.setdefault(open_run(Path(place)).path, None)
    runs: list[ReportedRun] = []
    for path, owner in owners.items():
        prefix = f"{owner.name} " if owner is not None and len(tables) > 1 else ""
        label = shortest_name(path, owners) if owner is None else f"{prefix}{owner.labels[path]}"
        if label in [run.label for run in runs]:
            label = str(path)
        anchor = slug(f"run {label}", [run.anchor for run in runs])
        curve = label if owner is None else owner.curves.get(path)
        if owner is not None and curve is not None:
            curve = f"{prefix}{curve}"
        is_told = owner is None or path in owner.told
        runs.append(ReportedRun(RunFolder(path), label, anchor, curve, is_told))
    return runs, list(tables.values())


def _open_tables(roots: Iterable[Path]) -> Iterator[ReportedTable]:
    """Open the tables of these folders; those of the same name are told apart by their folders."""
    plans = {root: load_plan(root) for root in roots}
    counts = Counter(plan.table.name for plan in plans.values())
    for root, plan in plans.items():
        name = plan.table.name if counts[plan.table.name] == 1 else f"{plan.table.name} in {root}"
        yield (ReportedSweep if plan.is_sweep else ReportedTable)(plan, root, name)


def _find_table(place: str) -> Path | None:
    """Return the folder of a table or sweep; None if the place is the folder of a run."""
    folders = (Path(place), TABLES / place)
    found = next((folder for folder in folders if (folder / FILE).is_file()), None)
    if found is None and not Path(place).is_dir() and not is_shipped(place):
        raise UsageError(f"{place} is neither a run folder nor a reproduced table: see kzoo reproduce --list")
    return found
