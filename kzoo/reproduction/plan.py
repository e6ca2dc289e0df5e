"""The plan of a table: its settings and its jobs, kept as a file in the folder of its runs."""

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
    """A table, the settings that apply to all its rows, and its jobs.

    `failures` has error messages by the folder of a run that failed, or by the `place` of a job whose
    decoding failed. `words` are the arguments of `kzoo` that name the table or the grid of a sweep, such as
    `reproduce R001-2.2`.
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
        """Return the row of a job."""
        return next(row for row in self.table.rows if row.name == job.row)

    def beside(self, before: Plan, root: Path, again: Callable[[Job], Job | None]) -> Plan:
        """Return this plan with the finished jobs of other rows from the plan `before`.

        A job is kept if `again`, which creates it anew from its row, returns an equal one. Nothing is kept of
        a plan with another table, other settings or another backend.
        """
        if (before.table, before.settings, before.backend) != (self.table, self.settings, self.backend):
            return self
        mine = {job.row for job in self.jobs}
        others = (job for job in before.jobs if job.row not in mine and before.is_done(job, root))
        return self.model_copy(update={"jobs": (*self.jobs, *(job for job in others if again(job) == job))})

    def save(self, root: Path) -> None:
        """Write the plan to the folder of its runs."""
        atomic_write_text(root / FILE, self.model_dump_json(indent=2) + "\n")

    def place(self, job: Job) -> str:
        """Return where in the folder the job's metrics are: its run, or the `evaluation_file` of its row."""
        return str(evaluation_file(self.row(job), Path(job.folder)) or job.folder)

    def is_done(self, job: Job, root: Path) -> bool:
        """Return whether a job's run has finished and has been decoded in the way of its row."""
        return RunFolder(root / job.folder).finished and (root / self.place(job)).exists()

    def results(self, root: Path) -> list[Result]:
        """Return the results of the finished jobs."""
        return [self._read(job, root / job.folder) for job in self.jobs if self.is_done(job, root)]

    def outcomes(self, root: Path) -> list[Outcome]:
        """Return the outcome of each row so far."""
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
    """Return the file with the metrics of a row's own decoding; None if the row has no `decoding`."""
    return folder / f"{row.name}-{digest(row.decoding)}.json" if row.decoding else None


def create_plan(
    conditions: Conditions, rows: Iterable[Row], *, seeds: int, code: str, read: Callable[[Row], Any]
) -> Plan:
    """Create a plan with a job for each row and seed.

    Args:
        conditions: the settings that the jobs share.
        rows: the rows of the table to be trained.
        seeds: the number of seeds, counted up from the seed of the recipe.
        code: the version of the code.
        read: returns a description of the data that a row's model reads, ready for JSON.
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
    """Create the job of a row and a seed, whose folder ends in its `kzoo.reproduction.job.fingerprint`."""
    digits = fingerprint(conditions.recipe(row, seed), reads, code)
    return Job(row=row.name, seed=seed, folder=f"{row.runs or row.name}-seed{seed}-{digits}")


def load_plan(root: Path) -> Plan:
    """Read the plan of a folder.

    Raises:
        UsageError: the folder has no plan.
        DataError: the plan cannot be read.
    """
    path = root / FILE
    if not path.is_file():
        raise UsageError(f"{root} holds no reproduced table: make one with kzoo reproduce TABLE --out {root}")
    try:
        return Plan.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise DataError(f"{path} is damaged: delete it and reproduce the table again") from error
