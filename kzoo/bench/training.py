"""A race between `kzoo train` and plain PyTorch: who works, how often, and what comes out."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import kzoo
from kzoo.bench.laps import Contestant
from kzoo.bench.task import TrainingTask
from kzoo.errors import MissingExtraError, UsageError

BUSY = 0.5
"""The load of a machine above which a race on it says nothing: two threads of PyTorch that share one core
with another process are slower than one thread by far."""

Answer = dict[str, Any]
Report = Callable[[str], None]


def find_reference(against: Path | None) -> Path:
    """The file or package of references: `against`, else that of the repository that kzoo runs from.

    Raises:
        MissingExtraError: PyTorch is not installed.
        UsageError: there is none.
    """
    if find_spec("torch") is None:
        raise MissingExtraError("kzoo bench needs PyTorch: pip install 'kzoo[torch]'")
    if against is None:
        against = Path(kzoo.__file__).parents[1] / "tests" / "reference"
        if not against.is_dir():
            raise UsageError("this kzoo came without its PyTorch references: name some with --against PATH")
    elif not (against.suffix == ".py" and against.is_file()) and not (against / "__init__.py").is_file():
        raise UsageError(f"--against {against}: expected a Python file or package of references")
    return against


def race_steps(task: TrainingTask, report: Report) -> Answer:
    """Race over rounds of some steps; figures ready for JSON.

    Each side has the seconds of its import, its data, its first step (compilation included) and its rounds,
    and the median examples/s. `ratio` is that of the medians, `ratios` has one for each round.
    """
    assert task.steps is not None
    facts, sides = _race(task, ["first step", *_rounds(task)], report)
    examples = task.steps * task.recipe.training.batch_size
    for side in sides.values():
        side["first_step_seconds"], *side["round_seconds"] = side.pop("laps")
        side["examples_per_second"] = examples / median(side["round_seconds"])
    ours, theirs = sides["kzoo"], sides["reference"]
    ratio = ours["examples_per_second"] / theirs["examples_per_second"]
    ratios = _ratios(ours["round_seconds"], theirs["round_seconds"])
    return {**facts, "steps": task.steps, **sides, "ratio": ratio, "ratios": ratios}


def race_runs(task: TrainingTask, report: Report) -> Answer:
    """Race over whole epochs, with all that a run does beside training; figures ready for JSON.

    Each side has the seconds of its import, its data, its epochs (the first compiles), the end of its run,
    and of the whole run at the recipe's number of epochs, for which every epoch but the first counts as the
    median of those that were raced. `ratio` is that of the whole runs, `ratios` has one for each epoch.
    """
    epochs = task.recipe.training.epochs
    training = task.recipe.training.model_copy(update={"epochs": task.rounds})
    raced = task.model_copy(update={"recipe": task.recipe.model_copy(update={"training": training})})
    facts, sides = _race(raced, [*_rounds(task), "end"], report)
    for side in sides.values():
        *side["epoch_seconds"], side["end_seconds"] = side.pop("laps")
        first, *others = side["epoch_seconds"]
        side["median_epoch_seconds"] = median(others or [first])
        once = side["import_seconds"] + side["data_seconds"] + first + side["end_seconds"]
        side["run_seconds"] = once + (epochs - 1) * side["median_epoch_seconds"]
    ours, theirs = sides["kzoo"], sides["reference"]
    ratio = theirs["run_seconds"] / ours["run_seconds"]
    ratios = _ratios(ours["epoch_seconds"], theirs["epoch_seconds"])
    return {**facts, "epochs": epochs, **sides, "ratio": ratio, "ratios": ratios}


def _rounds(task: TrainingTask) -> list[str]:
    return [f"{'epoch' if task.steps is None else 'round'} {i + 1}/{task.rounds}" for i in range(task.rounds)]


def _ratios(ours: list[float], theirs: list[float]) -> list[float]:
    return [their / our for our, their in zip(ours, theirs, strict=True)]


def _race(task: TrainingTask, names: list[str], report: Report) -> tuple[Answer, dict[str, Answer]]:
    """Have both sides work the named laps by turns."""
    load = load_of_machine()
    with tempfile.TemporaryDirectory() as folder:
        task = task.model_copy(update={"handover": Path(folder)})
        with Contestant("zoo", "train", task) as zoo:
            ours, prepared = as_side(zoo.lap()), zoo.lap()
            zoo.lap()
            told = task.model_copy(update={name: prepared[name] for name in ("options", "kind")})
            with Contestant("reference", "train", told) as reference:
                theirs = as_side(reference.lap())
                ours["data_seconds"], theirs["data_seconds"] = prepared["seconds"], reference.lap()["seconds"]
                ours["laps"], theirs["laps"] = [], []
                for name in names:
                    ours["laps"].append(zoo.lap()["seconds"])
                    theirs["laps"].append(reference.lap()["seconds"])
                    report(f"{name}: kzoo {ours['laps'][-1]:.2f} s, PyTorch {theirs['laps'][-1]:.2f} s")
    training = task.recipe.training
    facts = {
        "recipe": task.recipe.name,
        "data": prepared["data"],
        "noun": prepared["noun"],
        "batch_size": training.batch_size,
        "optimizer": training.optimizer,
        "against": str(task.against),
        **load,
    }
    return facts, {"kzoo": ours, "reference": theirs}


def load_of_machine() -> Answer:
    """How busy the machine is, and whether too busy for a race."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {"load_before": load, "busy": load is not None and load > BUSY}


def as_side(imported: Answer) -> Answer:
    """What a contestant tells of itself when it is ready."""
    return {"import_seconds": imported.pop("seconds"), **imported}
