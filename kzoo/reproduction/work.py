"""The execution of a plan: its unfinished jobs are done, several runs at a time."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Protocol

from kzoo.errors import KzooError
from kzoo.files import atomic_write_text
from kzoo.reproduction.conditions import Conditions
from kzoo.reproduction.job import Job
from kzoo.reproduction.plan import Plan, evaluation_file
from kzoo.reproduction.process import ProcessPool
from kzoo.reproduction.reuse import adopt
from kzoo.training.run import RunFolder


class Watcher(Protocol):
    """Receives the progress of runs, named by their folders, in calls from several threads."""

    def expect(self, count: int) -> None:
        """Take the number of runs that will be made."""

    def begin(self, folder: str) -> None:
        """Note that a run starts or is resumed."""

    def hear(self, folder: str, line: str) -> None:
        """Take a line of a run's output."""

    def end(self, folder: str, failure: str) -> None:
        """Note that a run has ended; `failure` is why it failed, empty if it did not."""


def work(plan: Plan, root: Path, conditions: Conditions, *, size: int, watcher: Watcher) -> Plan:
    """Do the unfinished jobs of a plan, `size` runs at a time. A run that fails does not stop the others.

    Returns:
        The plan with its `failures`.

    Raises:
        KeyboardInterrupt: the user stopped it, and with it all runs; the same call resumes them.
    """
    processes = ProcessPool(size)
    wanted: dict[str, list[Job]] = {}
    for job in plan.jobs:
        if not plan.is_done(job, root):
            wanted.setdefault(job.folder, []).append(job)
    conditions.write_recipes({job.row: plan.row(job) for job, *_ in wanted.values()}.values(), root)
    failures: dict[str, str] = {}
    watcher.expect(len(wanted))

    def run(folder: str) -> None:
        watcher.begin(folder)
        failed = _run(wanted[folder], plan, root, conditions, processes, watcher)
        failures.update(failed)
        watcher.end(folder, next(iter(failed.values()), ""))

    with ThreadPoolExecutor(size) as pool:
        try:
            for done in as_completed([pool.submit(run, folder) for folder in wanted]):
                done.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            processes.stop()
            raise
    return plan.model_copy(update={"failures": failures})


def _run(
    jobs: list[Job], plan: Plan, root: Path, conditions: Conditions, processes: ProcessPool, watcher: Watcher
) -> dict[str, str]:
    """Train a run to its end and decode it for each of its jobs; return failures as in `Plan.failures`."""
    first, run, failed = jobs[0], RunFolder(root / jobs[0].folder), dict[str, str]()
    if not run.finished and not adopt(first.folder, root):
        log = root / f"{first.folder}.log"
        words = _train_words(first, run, plan, conditions, root)
        if failure := processes.follow(log, lambda line: watcher.hear(first.folder, line), "kzoo", *words):
            return {first.folder: failure}
    for job in jobs:
        try:
            _decode(job, run, plan, conditions, processes)
        except KzooError as error:
            failed[plan.place(job)] = str(error)
    return failed


def _train_words(job: Job, run: RunFolder, plan: Plan, conditions: Conditions, root: Path) -> list[object]:
    """Return the arguments of `kzoo` that start or resume the run of a job."""
    if (run.path / "recipe.yaml").is_file():
        return ["train", "--resume", run.path, *conditions.place_words()]
    shutil.rmtree(run.path, ignore_errors=True)  # a run stopped before it wrote its recipe
    return [*conditions.train_words(plan.row(job), root), "--seed", job.seed, "--out", run.path]


def _decode(job: Job, run: RunFolder, plan: Plan, conditions: Conditions, processes: ProcessPool) -> None:
    """Write the output of `kzoo evaluate` for a run whose row has its own decoding."""
    row = plan.row(job)
    place = evaluation_file(row, run.path)
    if place is None or place.is_file():
        return
    decoding = {"decoding": row.decoding["method"], **row.decoding}
    decoding.pop("method")
    options = [word for name, value in decoding.items() for word in (f"--{name.replace('_', '-')}", value)]
    figures = processes.ask("kzoo", "evaluate", run.path, *options, "--json", *conditions.place_words())
    atomic_write_text(place, json.dumps(figures, indent=2) + "\n")
