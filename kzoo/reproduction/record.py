"""The results of record: a CSV file for each published table in the repository, with a line for each run."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from kzoo.data.splits import SPLITS
from kzoo.errors import DataError, UsageError
from kzoo.files import atomic_write_text, check_recordable
from kzoo.reproduction.job import recipe_digest
from kzoo.reproduction.result import Result
from kzoo.reproduction.table import Table, tables_folder

_HEAD = ("row", "recipe", "recipe_digest", "seed", "backend", "device", "versions", "commit", "data", *SPLITS)
_TAIL = ("low", "high", "seconds")
"""`low` and `high` are the test's own interval for the metric that decides the verdict."""

OUTDATED = "since these runs were recorded"
"""The text in `changed` of a result whose row has another recipe now, since its changed keys are unknown."""


def record_place(table: Table) -> Traversable:
    """Return the file of a table's results of record."""
    return tables_folder() / "results" / f"{table.name}.csv"


def load_records(table: Table) -> list[Result]:
    """Read the results of record of a table; the list is empty if the table has no file.

    Raises:
        DataError: the file is damaged, or has results of a row that is not in the table.
    """
    place = record_place(table)
    if not place.is_file():
        return []
    try:
        lines = list(csv.DictReader(io.StringIO(place.read_text(encoding="utf-8"))))
        results = [_from_line(table, line) for line in lines]
        digests = [line["recipe_digest"] for line in lines]
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{place} is not a file of results: {error}") from error
    now = _digests(table)
    if strange := [result.row for result in results if result.row not in now]:
        raise DataError(
            f"{place} has results of {strange[0]!r}, which is no row of {table.name}: rename the row "
            "there as in the table, or delete its lines"
        )
    return [
        result if digest == now[result.row] else replace(result, changed=(OUTDATED,))
        for result, digest in zip(results, digests, strict=True)
    ]


def check_record(table: Table) -> None:
    """Check, before anything is trained, that results of record can be written.

    Raises:
        UsageError: their folder cannot be written.
        DataError: the existing results cannot be read.
    """
    load_records(table)
    check_recordable(_path(table).parent)


def keep(table: Table, results: Iterable[Result]) -> Path:
    """Write results of record, in place of older ones of the same row, seed and backend.

    Older results of a recipe that its row no longer has are dropped.

    Raises:
        UsageError: a result is not of the published recipe, or not on real data.
    """
    kept = {_key(result): result for result in load_records(table) if not result.changed}
    for result in results:
        if result.stand_in or result.changed:
            reason = result.data if result.stand_in else ", ".join(result.changed)
            raise UsageError(f"--record needs published recipes on real data; {result.row} has {reason}")
        kept[_key(result)] = result
    names = [row.name for row in table.rows]
    ordered = sorted(kept.values(), key=lambda r: (names.index(r.row), r.backend, r.seed))
    path = _path(table)
    path.parent.mkdir(exist_ok=True)
    atomic_write_text(path, _to_csv(table, ordered))
    return path


def _path(table: Table) -> Path:
    return Path(str(record_place(table)))


def _key(result: Result) -> tuple[str, int, str]:
    """Return the row, seed and backend of a result; only one result of each key is kept."""
    return result.row, result.seed, result.backend


def _digests(table: Table) -> dict[str, str]:
    """Return the digest of each row's present recipe, by the name of the row."""
    return {row.name: recipe_digest(table.recipe(row)) for row in table.rows}


def _to_csv(table: Table, results: Sequence[Result]) -> str:
    buffer = io.StringIO()
    columns = [*_HEAD, *table.figures, *_TAIL]
    writer = csv.DictWriter(buffer, columns, lineterminator="\n")
    writer.writeheader()
    digests = _digests(table)
    writer.writerows({**_to_line(table, result), "recipe_digest": digests[result.row]} for result in results)
    return buffer.getvalue()


def _to_line(table: Table, result: Result) -> dict[str, Any]:
    low, high = result.intervals.get(table.decides, ("", ""))
    return {
        **{name: getattr(result, name) for name in ("row", "recipe", "seed", "backend", "device", "data")},
        "versions": " ".join(f"{name}={version}" for name, version in result.versions.items()),
        "commit": result.commit,
        **{name: result.sizes[name] for name in SPLITS},
        **{name: result.figures.get(name, "") for name in table.figures},
        "low": low,
        "high": high,
        "seconds": result.seconds,
    }


def _from_line(table: Table, line: dict[str, str]) -> Result:
    has_interval = bool(line["low"])
    return Result(
        row=line["row"],
        recipe=line["recipe"],
        backend=line["backend"],
        device=line["device"],
        data=line["data"],
        seed=int(line["seed"]),
        versions=dict(word.split("=", 1) for word in line["versions"].split()),
        commit=line["commit"] or None,
        stand_in=False,
        sizes={name: int(line[name]) for name in SPLITS},
        figures={name: float(line[name]) for name in table.figures if line[name]},
        intervals={table.decides: (float(line["low"]), float(line["high"]))} if has_interval else {},
        seconds=float(line["seconds"]),
    )
