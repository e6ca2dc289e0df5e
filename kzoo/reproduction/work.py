"""A plan carried out: what is not done yet of it, some runs at a time."""

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
    """Hears of each run by its folder's name, in several threads."""

    def expect(self, count: int) -> None:
        """So many runs are to be made."""

    def begin(self, folder: str) -> None:
        """A run starts or goes on."""

    def hear(self, folder: str, line: str) -> None:
        """A line that it says."""

    def end(self, folder: str, failure: str) -> None:
        """It is done; or why it failed."""


def work(plan: Plan, root: Path, conditions: Conditions, *, size: int, watcher: Watcher) -> Plan:
    """Do what is not done yet of a plan, `size` runs at a time.

    Returns:
        the plan with what failed; one that fails stops no other.

    Raises:
        KeyboardInterrupt: all runs are stopped then; the same call goes on where they were.
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
    """Train a run to its end, and decode it as its rows would have it; what failed, and why."""
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
    if (run.path / "recipe.yaml").is_file():
        return ["train", "--resume", run.path, *conditions.place_words()]
    shutil.rmtree(run.path, ignore_errors=True)  # stopped before its recipe was written
    return [*conditions.train_words(plan.row(job), root), "--seed", job.seed, "--out", run.path]


def _decode(job: Job, run: RunFolder, plan: Plan, conditions: Conditions, processes: ProcessPool) -> None:
    """Keep what `kzoo evaluate` says of a run, where the row decodes it in its own way."""
    row = plan.row(job)
    place = evaluation_file(row, run.path)
    if place is None or place.is_file():
        return
    decoding = {"decoding": row.decoding["method"], **row.decoding}
    decoding.pop("method")
    options = [word for name, value in decoding.items() for word in (f"--{name.replace('_', '-')}", value)]
    figures = processes.ask("kzoo", "evaluate", run.path, *options, "--json", *conditions.place_words())
    atomic_write_text(place, json.dumps(figures, indent=2) + "\n")
