"""A race between `kzoo train`, plain PyTorch and Keras's `fit`, and the comparison of their times."""

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
from kzoo.bench.reference import OWN_TWINS, TIGHT_NAME, check_recipe
from kzoo.bench.task import TrainingTask
from kzoo.bench.timed_worker import TimedWorker
from kzoo.errors import MissingExtraError, UsageError

Answer = dict[str, Any]
Sides = list[Answer]
Entry = tuple[str, TimedWorker, Answer]
"""The name of a worker, the worker, and the measurements of its side."""


def check_reference(against: Path | None) -> None:
    """Check that the reference exists: a Python file or package, or kzoo's own twins if None.

    Raises:
        MissingExtraError: PyTorch is not installed.
        UsageError: `against` is not a Python file or package.
    """
    if find_spec("torch") is None:
        raise MissingExtraError("kzoo bench needs PyTorch: pip install 'kzoo[torch]'")
    if against is None or (against / "__init__.py").is_file():
        return
    if against.suffix != ".py" or not against.is_file():
        raise UsageError(f"--against {against}: expected a Python file or package of references")


def race_steps(task: TrainingTask, report: Report) -> Answer:
    """Race over rounds of some steps, and return the measurements, ready for JSON.

    Each side has the seconds of its import, its data, its first step (with compilation) and its rounds, and
    the median examples/s. A peer has a side for each number of threads, the fastest first. Its `ratio` is
    kzoo's median speed over that of its fastest side, and `ratios` has the ratio of each round. The `ratio`
    and `ratios` of the whole result are those of the student.
    """
    assert task.steps is not None
    facts, ours, peers = _race(task, tuple(THREADS), ["first step", *_rounds(task)], report)
    examples = task.steps * task.recipe.training.batch_size
    for side in [ours, *_sides(peers)]:
        side["first_step_seconds"], *side["round_seconds"] = side.pop("timings")
        side["examples_per_second"] = examples / median(side["round_seconds"])
    return {**facts, "steps": task.steps, **_compare(ours, peers, "round_seconds")}


def race_runs(task: TrainingTask, report: Report) -> Answer:
    """Race over whole runs, with everything that a run does, and return the measurements, ready for JSON.

    Each side has the seconds of its import, its data, its epochs (the first compiles) and the end of its run,
    and those of a whole run with the recipe's number of epochs. The whole run is extrapolated: each epoch
    after the first counts as the median of those raced. Peers and ratios are as in `race_steps`, with `ratio`
    of the whole run and `ratios` of each epoch. The student is the only peer.
    """
    epochs = task.recipe.training.epochs
    raced = task.model_copy(update={"recipe": task.recipe.with_values("training", epochs=task.rounds)})
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
    """Return their seconds over ours, timing by timing: how many times faster kzoo was."""
    return [their / our for our, their in zip(ours, theirs, strict=True)]


def as_side(imported: Answer) -> Answer:
    """Start a side with the first answer of a worker, which has the seconds of its import."""
    return {"import_seconds": imported.pop("seconds"), **imported}


def _compare(ours: Answer, peers: dict[str, Sides], timings: str) -> Answer:
    """Return kzoo's side and its peers, each peer with its ratios and its sides, the fastest first."""
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
    """Return the sides of all peers."""
    return [side for sides in peers.values() for side in sides]


def _rounds(task: TrainingTask) -> list[str]:
    """Return the names of the rounds for the progress report, such as `epoch 1/3`."""
    return [f"{'epoch' if task.steps is None else 'round'} {i + 1}/{task.rounds}" for i in range(task.rounds)]


def _race(
    task: TrainingTask, racing: Sequence[str], names: list[str], report: Report
) -> tuple[Answer, Answer, dict[str, Sides]]:
    """Time all workers in turn; return the facts of the race, kzoo's side, and the sides of each peer.

    Raises:
        UsageError: the recipe asks for what references do not compute.
    """
    check_recipe(task.recipe.training)
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
                report(f"{task.against} defines no {TIGHT_NAME}: the tight loop of PyTorch does not race")
                continue
            entered = [_enter(peer, threads, task, stack) for threads in THREADS[peer]]
            running += entered
            peers[peer] = [side for _, _, side in entered]
        _work(running, names, report)
    return _facts(task, prepared), ours, peers


def _enter(peer: str, threads: int | None, task: TrainingTask, stack: ExitStack) -> Entry:
    """Start a worker that ends with the stack, and have it load its data."""
    task = task.model_copy(update={"threads": threads})
    worker = stack.enter_context(TimedWorker(peer, "train", task))
    side = as_side(worker.time())
    side["data_seconds"] = worker.time()["seconds"]
    return name_side(peer, side), worker, side


def _work(running: Sequence[Entry], names: list[str], report: Report) -> None:
    """Have all workers do the named pieces of work in turn, and append the seconds to their sides."""
    for _, _, side in running:
        side["timings"] = []
    for name in names:
        for _, worker, side in running:
            side["timings"].append(worker.time()["seconds"])
        timings = ", ".join(f"{who} {side['timings'][-1]:.2f} s" for who, _, side in running)
        report(f"{name}: {timings}")


def _facts(task: TrainingTask, prepared: Answer) -> Answer:
    """Return the recipe, the model, the data and the reference of a race."""
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
