"""A race between `kzoo train`, plain PyTorch and Keras: who works, how often, and what comes out."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

from kzoo.bench.machine import Report
from kzoo.bench.peers import STUDENT, THREADS, TIGHT, name_side
from kzoo.bench.reference import OWN_TWINS, TIGHT_NAME
from kzoo.bench.task import TrainingTask
from kzoo.bench.timed_worker import TimedWorker
from kzoo.errors import MissingExtraError, UsageError

Answer = dict[str, Any]
Sides = list[Answer]
Entry = tuple[str, TimedWorker, Answer]
"""What a worker is called, the worker, and its side."""


def check_reference(against: Path | None) -> None:
    """See that there is a reference to race against: a Python file or package, or kzoo's own twins if None.

    Raises:
        MissingExtraError: PyTorch is not installed.
        UsageError: there is no such file.
    """
    if find_spec("torch") is None:
        raise MissingExtraError("kzoo bench needs PyTorch: pip install 'kzoo[torch]'")
    if against is None or (against / "__init__.py").is_file():
        return
    if against.suffix != ".py" or not against.is_file():
        raise UsageError(f"--against {against}: expected a Python file or package of references")


def race_steps(task: TrainingTask, report: Report) -> Answer:
    """Race over rounds of some steps; figures ready for JSON.

    Each side has the seconds of its import, its data, its first step (compilation included) and its rounds,
    and the median examples/s. A peer's sides are those of its threads, the fastest first; `ratio` is that of
    kzoo's median and the fastest's, `ratios` has one for each round. Those of the whole are the student's.
    """
    assert task.steps is not None
    facts, ours, peers = _race(task, tuple(THREADS), ["first step", *_rounds(task)], report)
    examples = task.steps * task.recipe.training.batch_size
    for side in [ours, *_sides(peers)]:
        side["first_step_seconds"], *side["round_seconds"] = side.pop("timings")
        side["examples_per_second"] = examples / median(side["round_seconds"])
    return {**facts, "steps": task.steps, **_compare(ours, peers, "round_seconds")}


def race_runs(task: TrainingTask, report: Report) -> Answer:
    """Race over whole epochs, with all that a run does beside training; figures ready for JSON.

    Each side has the seconds of its import, its data, its epochs (the first compiles), the end of its run,
    and of the whole run at the recipe's number of epochs, for which every epoch but the first counts as the
    median of those that were raced. Peers and ratios are those of `race_steps`, of the whole run, and of each
    epoch. The student is the only peer.
    """
    epochs = task.recipe.training.epochs
    training = task.recipe.training.model_copy(update={"epochs": task.rounds})
    raced = task.model_copy(update={"recipe": task.recipe.model_copy(update={"training": training})})
    facts, ours, peers = _race(raced, (STUDENT,), [*_rounds(task), "end"], report)
    for side in [ours, *_sides(peers)]:
        *side["epoch_seconds"], side["end_seconds"] = side.pop("timings")
        first, *others = side["epoch_seconds"]
        side["median_epoch_seconds"] = median(others or [first])
        once = side["import_seconds"] + side["data_seconds"] + first + side["end_seconds"]
        side["run_seconds"] = once + (epochs - 1) * side["median_epoch_seconds"]
        side["examples_per_second"] = epochs * facts["examples"] / side["run_seconds"]
    return {**facts, "epochs": epochs, **_compare(ours, peers, "epoch_seconds")}


def timing_ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """How many times faster ours were, timing by timing, from seconds."""
    return [their / our for our, their in zip(ours, theirs, strict=True)]


def as_side(imported: Answer) -> Answer:
    """What a worker tells of itself when it is ready."""
    return {"import_seconds": imported.pop("seconds"), **imported}


def _compare(ours: Answer, peers: dict[str, Sides], timings: str) -> Answer:
    """kzoo and its peers, each with its ratios."""
    compared = {}
    for peer, sides in peers.items():
        fastest, *others = sorted(sides, key=lambda side: -side["examples_per_second"])
        compared[peer] = {
            "ratio": ours["examples_per_second"] / fastest["examples_per_second"],
            "ratios": timing_ratios(ours[timings], fastest[timings]),
            "sides": [fastest, *others],
        }
    of_student = {key: compared[STUDENT][key] for key in ("ratio", "ratios")}
    return {"kzoo": ours, "peers": compared, **of_student}


def _sides(peers: dict[str, Sides]) -> Sides:
    return [side for sides in peers.values() for side in sides]


def _rounds(task: TrainingTask) -> list[str]:
    return [f"{'epoch' if task.steps is None else 'round'} {i + 1}/{task.rounds}" for i in range(task.rounds)]


def _race(
    task: TrainingTask, racing: Sequence[str], names: list[str], report: Report
) -> tuple[Answer, Answer, dict[str, Sides]]:
    """Have all work the named timings by turns; what was raced, kzoo's side, and the sides of each peer."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        task = task.model_copy(update={"handover": Path(folder)})
        zoo = stack.enter_context(TimedWorker("zoo", "train", task))
        ours, prepared = as_side(zoo.time()), zoo.time()
        ours["data_seconds"] = prepared["seconds"]
        zoo.time()
        task = task.model_copy(update={name: prepared[name] for name in ("options", "kind")})
        running: list[Entry] = [("kzoo", zoo, ours)]
        peers: dict[str, Sides] = {}
        for peer in racing:
            if peer == TIGHT and not peers[STUDENT][0]["has_tight_loop"]:
                report(f"{task.against} defines no {TIGHT_NAME}: no tight loop of PyTorch races")
                continue
            entered = [_enter(peer, threads, task, stack) for threads in THREADS[peer]]
            running += entered
            peers[peer] = [side for _, _, side in entered]
        _work(running, names, report)
    return _facts(task, prepared), ours, peers


def _enter(peer: str, threads: int | None, task: TrainingTask, stack: ExitStack) -> Entry:
    """A worker that has its data, and is to leave with the stack."""
    task = task.model_copy(update={"threads": threads})
    worker = stack.enter_context(TimedWorker(peer, "train", task))
    side = as_side(worker.time())
    side["data_seconds"] = worker.time()["seconds"]
    return name_side(peer, side), worker, side


def _work(running: Sequence[Entry], names: list[str], report: Report) -> None:
    """Have the named timings worked by turns, and the seconds of each noted in its side."""
    for _, _, side in running:
        side["timings"] = []
    for name in names:
        for _, worker, side in running:
            side["timings"].append(worker.time()["seconds"])
        timings = ", ".join(f"{who} {side['timings'][-1]:.2f} s" for who, _, side in running)
        report(f"{name}: {timings}")


def _facts(task: TrainingTask, prepared: Answer) -> Answer:
    training = task.recipe.training
    return {
        "recipe": task.recipe.name,
        "model": task.recipe.model.name,
        "changed": task.changed,
        "data": prepared["data"],
        "noun": prepared["noun"],
        "examples": prepared["examples"],
        "batch_size": training.batch_size,
        "optimizer": training.optimizer,
        "against": str(task.against or OWN_TWINS),
    }
