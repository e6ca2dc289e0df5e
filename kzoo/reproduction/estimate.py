"""`python -m kzoo.reproduction.estimate TRIAL`: estimate the cost of a training from a few of its steps."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from kzoo.recipe import Recipe
from kzoo.reproduction.conditions import Conditions
from kzoo.reproduction.plan import Plan
from kzoo.reproduction.process import ProcessPool
from kzoo.reproduction.reuse import find_made
from kzoo.reproduction.table import Row
from kzoo.training.run import RunFolder

STEPS, SECONDS = 16, 1.0
"""The maximum number of steps in one call, and the time for which calls are repeated."""

_FREE: dict[str, Any] = {
    "name": True,
    "published": True,
    "training": {"learning_rate", "seed", "epochs"},
    "model": {"dropout"},
}
"""The keys of a recipe that affect neither the time nor the memory of a step."""


class Trial(BaseModel, frozen=True):
    """The input of a trial: a recipe, and the folder of its data."""

    recipe: Recipe
    data_dir: Path | None


@dataclass(frozen=True)
class Cost:
    """The seconds of a training's parts, and the peak memory of its process in bytes, None where unknown.

    `start` covers everything before the second call: imports, data and compilation.
    """

    start: float
    step: float
    steps_per_epoch: int
    validation: float
    memory: int | None

    def seconds(self, epochs: int) -> float:
        """Estimate the seconds of a whole training, whose test takes about as long as a validation."""
        return self.start + epochs * (self.steps_per_epoch * self.step + self.validation) + self.validation


def estimate(conditions: Conditions, rows: Iterable[Row], processes: ProcessPool) -> dict[str, Cost]:
    """Return the cost of one run of each row by name; rows of equal cost share one trial, in a process.

    Raises:
        KzooError: a recipe or its data are wrong, as the process reports.
    """
    tried: dict[str, Cost] = {}
    costs = {}
    for row in rows:
        recipe = conditions.recipe(row)
        key = recipe.model_dump_json(exclude=_FREE)
        if key not in tried:
            trial = Trial(recipe=recipe, data_dir=conditions.data_dir)
            tried[key] = Cost(**processes.ask("kzoo.reproduction.estimate", trial.model_dump_json()))
        costs[row.name] = tried[key]
    return costs


def runs_left(plan: Plan, root: Path) -> Counter[str]:
    """Count the runs of each row that are still to be trained; a shared run counts for its first row."""
    rows = {job.folder: job.row for job in reversed(plan.jobs)}
    return Counter(
        row
        for folder, row in rows.items()
        if not RunFolder(root / folder).finished and not find_made(folder, root)
    )


def measure(trial: Trial) -> Cost:
    """Time a few steps and the second validation in this process; the first of each compiles."""
    started = time.perf_counter()
    from kzoo import runtime

    training, place = trial.recipe.training, trial.recipe.runtime
    backend = runtime.choose_backend(place.backend)
    runtime.start(backend, precision=place.precision, batch_size=training.batch_size)
    from kzoo.experiment import prepare
    from kzoo.training.order import steps_per_epoch

    experiment = prepare(trial.recipe, data_dir=trial.data_dir)
    model = experiment.create_model()
    train_some, steps = _compile_steps(experiment, model)
    train_some()
    start = time.perf_counter() - started
    validate = experiment.validator(model)
    validate()
    return Cost(
        start=start,
        step=_shortest(train_some) / steps,
        steps_per_epoch=steps_per_epoch(experiment.example_count, training),
        validation=_seconds(validate),
        memory=_peak_memory(),
    )


def _compile_steps(experiment: Any, model: Any) -> tuple[Callable[[], object], int]:
    """Return a function that takes the first steps of an epoch, and their number, at most `STEPS`."""
    from kzoo.training.order import batches, epoch_order

    training = experiment.recipe.training
    examples, train_on = experiment.compile_steps(model)
    rows = next(batches(epoch_order(training, 1, examples), training, STEPS))
    return lambda: train_on(rows), len(rows)


def _shortest(call: Callable[[], object]) -> float:
    """Repeat a call for `SECONDS`, or make it once if it takes longer, and return the shortest time."""
    ends, laps = time.perf_counter() + SECONDS, [_seconds(call)]
    while time.perf_counter() < ends:
        laps.append(_seconds(call))
    return min(laps)


def _seconds(call: Callable[[], object]) -> float:
    """Return the seconds of one call."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _peak_memory() -> int | None:
    """Return the peak memory of this process in bytes; None on Windows, which has no `resource` module."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def main() -> None:
    """Measure the trial of the command line and print its cost as JSON."""
    print(json.dumps(asdict(measure(Trial.model_validate_json(sys.argv[1])))))


if __name__ == "__main__":
    main()
