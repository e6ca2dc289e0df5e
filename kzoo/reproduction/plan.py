"""A plan: a table, what was asked of it, and the jobs that answer; kept in the folder of its runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from kzoo.errors import DataError, UsageError
from kzoo.files import atomic_write_text
from kzoo.recipe import BackendName, Recipe
from kzoo.reproduction.job import Job, fingerprint
from kzoo.reproduction.result import Result, read_result
from kzoo.reproduction.table import Row, Table
from kzoo.reproduction.verdict import Outcome, judge
from kzoo.training.run import RunFolder

FILE = "plan.json"


class Plan(BaseModel):
    """A table, the settings laid over all its rows, and its jobs; `failures` has by folder what was said."""

    model_config = ConfigDict(frozen=True)
    table: Table
    settings: dict[str, Any]
    backend: BackendName
    jobs: tuple[Job, ...]
    failures: dict[str, str] = {}

    def rows(self, folder: str) -> list[Row]:
        """The rows that the run of a folder answers."""
        names = {job.row for job in self.jobs if job.folder == folder}
        return [row for row in self.table.rows if row.name in names]

    def save(self, root: Path) -> None:
        """Keep the plan in the folder of its runs."""
        atomic_write_text(root / FILE, self.model_dump_json(indent=2) + "\n")

    def is_done(self, job: Job, root: Path) -> bool:
        """Whether a job's run has finished, and was decoded as its row would have it."""
        place = evaluation_file(self._row(job), root / job.folder)
        return RunFolder(root / job.folder).finished and (place is None or place.is_file())

    def results(self, root: Path) -> list[Result]:
        """What the finished jobs measured."""
        return [self._read(job, root / job.folder) for job in self.jobs if self.is_done(job, root)]

    def outcomes(self, root: Path) -> list[Outcome]:
        """What became of each row so far."""
        failures = {job.row: self.failures[job.folder] for job in self.jobs if job.folder in self.failures}
        return judge(self.table, self.results(root), failures)

    def _row(self, job: Job) -> Row:
        return next(row for row in self.table.rows if row.name == job.row)

    def _read(self, job: Job, folder: Path) -> Result:
        row = self._row(job)
        return read_result(row.name, self.table.recipe(row), RunFolder(folder), evaluation_file(row, folder))


def evaluation_file(row: Row, folder: Path) -> Path | None:
    """Where the figures of a row are kept that decodes its run in its own way."""
    return folder / f"{row.name}.json" if row.decoding else None


def create_plan(
    table: Table,
    settings: Mapping[str, Any],
    *,
    seeds: int,
    backend: BackendName,
    code: str,
    identify: Callable[[Recipe], str],
) -> Plan:
    """A job for each row and seed.

    Args:
        table: the rows.
        settings: dotted keys that are changed in every recipe.
        seeds: how many: that of the recipe and those that follow it.
        backend: what all of them run on.
        code: the version of the code.
        identify: the hash of the data that a recipe is trained on.
    """
    jobs: list[Job] = []
    folders: dict[str, str] = {}
    for row in table.rows:
        first = table.recipe(row, {**settings, "runtime.backend": backend})
        data_sha256 = identify(first)
        for seed in range(first.training.seed, first.training.seed + seeds):
            recipe = table.recipe(row, {**settings, "runtime.backend": backend, "training.seed": seed})
            mark = fingerprint(recipe, data_sha256, code)
            folder = folders.setdefault(mark, f"{row.name}-seed{seed}-{mark}")
            jobs.append(Job(row=row.name, seed=seed, folder=folder))
    return Plan(table=table, settings=dict(settings), backend=backend, jobs=tuple(jobs))


def load_plan(root: Path) -> Plan:
    """The plan of a folder.

    Raises:
        UsageError: the folder has none.
        DataError: it cannot be read.
    """
    path = root / FILE
    if not path.is_file():
        raise UsageError(f"{root} holds no reproduced table: kzoo reproduce TABLE --out {root}")
    try:
        return Plan.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise DataError(f"{path} is damaged: delete it and reproduce the table again") from error
