"""A plan: a table, what was asked of it, and the jobs that answer; kept in the folder of its runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from kzoo.errors import DataError, UsageError
from kzoo.files import atomic_write_text
from kzoo.reproduction.conditions import Conditions
from kzoo.reproduction.job import Job, digest, fingerprint
from kzoo.reproduction.result import Result, read_result
from kzoo.reproduction.table import Row, Table
from kzoo.reproduction.verdict import Outcome, judge
from kzoo.training.run import RunFolder

FILE = "plan.json"


class Plan(BaseModel):
    """A table, the settings laid over all its rows, and its jobs.

    `failures` has what was said by the folder of a run, or by the `place` of a job that could not be decoded.
    `words` are those after `kzoo` that name the table, such as `reproduce R001-2.2`, or the grid of a sweep.
    """

    model_config = ConfigDict(frozen=True)
    table: Table
    settings: dict[str, Any]
    backend: str
    jobs: tuple[Job, ...]
    failures: dict[str, str] = {}
    words: tuple[str, ...] = ()

    @property
    def is_sweep(self) -> bool:
        """Whether the rows are the points of a user's own grid."""
        return self.words[:1] == ("sweep",)

    def row(self, job: Job) -> Row:
        """The row of a job."""
        return next(row for row in self.table.rows if row.name == job.row)

    def beside(self, before: Plan, root: Path, again: Callable[[Job], Job | None]) -> Plan:
        """The plan, and of the one before it what was done of other rows and would be the same `again`."""
        if (before.table, before.settings, before.backend) != (self.table, self.settings, self.backend):
            return self
        mine = {job.row for job in self.jobs}
        others = (job for job in before.jobs if job.row not in mine and before.is_done(job, root))
        return self.model_copy(update={"jobs": (*self.jobs, *(job for job in others if again(job) == job))})

    def save(self, root: Path) -> None:
        """Keep the plan in the folder of its runs."""
        atomic_write_text(root / FILE, self.model_dump_json(indent=2) + "\n")

    def place(self, job: Job) -> str:
        """Where in the folder the job's figures are: its run, or the file of what was decoded of it."""
        return str(evaluation_file(self.row(job), Path(job.folder)) or job.folder)

    def is_done(self, job: Job, root: Path) -> bool:
        """Whether a job's run has finished, and was decoded as its row would have it."""
        return RunFolder(root / job.folder).finished and (root / self.place(job)).exists()

    def results(self, root: Path) -> list[Result]:
        """What the finished jobs measured."""
        return [self._read(job, root / job.folder) for job in self.jobs if self.is_done(job, root)]

    def outcomes(self, root: Path) -> list[Outcome]:
        """What became of each row so far."""
        failures = {
            job.row: self.failures[place]
            for job in self.jobs
            for place in (job.folder, self.place(job))
            if place in self.failures
        }
        return judge(self.table, self.results(root), failures)

    def _read(self, job: Job, folder: Path) -> Result:
        row = self.row(job)
        return read_result(row.name, self.table.recipe(row), RunFolder(folder), evaluation_file(row, folder))


def evaluation_file(row: Row, folder: Path) -> Path | None:
    """Where the figures of a row are kept that decodes its run in its own way: elsewhere in another."""
    return folder / f"{row.name}-{digest(row.decoding)}.json" if row.decoding else None


def create_plan(
    conditions: Conditions, rows: Iterable[Row], *, seeds: int, code: str, read: Callable[[Row], Any]
) -> Plan:
    """A job for each row and seed.

    Args:
        conditions: what they have in common.
        rows: which rows of the table.
        seeds: how many: that of the recipe and those that follow it.
        code: the version of the code.
        read: what a row's model reads, ready for JSON.
    """
    jobs = []
    for row in rows:
        reads, first = read(row), conditions.recipe(row).training.seed
        jobs += [create_job(conditions, row, seed, reads, code) for seed in range(first, first + seeds)]
    return Plan(
        table=conditions.table,
        settings=dict(conditions.settings),
        backend=conditions.backend,
        jobs=tuple(jobs),
    )


def create_job(conditions: Conditions, row: Row, seed: int, reads: Any, code: str) -> Job:
    """The job of a row and a seed; see `kzoo.reproduction.job.fingerprint`."""
    digits = fingerprint(conditions.recipe(row, seed), reads, code)
    return Job(row=row.name, seed=seed, folder=f"{row.runs or row.name}-seed{seed}-{digits}")


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
