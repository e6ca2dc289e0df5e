"""`python -m kzoo.reproduction.estimate TRIAL`: what a training costs, by a few of its steps."""

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

STEPS, SECONDS = 16, 3.0
"""Steps that are taken in one call at most, and for how long calls are repeated."""

_FREE: dict[str, Any] = {
    "name": True,
    "published": True,
    "training": {"learning_rate", "seed", "epochs"},
    "model": {"dropout"},
}
"""The keys of a recipe that bear neither on the time of a step nor on its memory."""


class Trial(BaseModel, frozen=True):
    """What is to be tried: a recipe, and the folder of its data."""

    recipe: Recipe
    data_dir: Path | None


@dataclass(frozen=True)
class Cost:
    """Seconds of a training's parts, and the bytes of its process at their peak, None where none are told.

    `start` is everything before the second call: imports, data, and compilation.
    """

    start: float
    step: float
    steps_per_epoch: int
    validation: float
    memory: int | None

    def seconds(self, epochs: int) -> float:
        """The whole training; its test takes about as long as a validation."""
        return self.start + epochs * (self.steps_per_epoch * self.step + self.validation) + self.validation


def estimate(conditions: Conditions, rows: Iterable[Row], processes: ProcessPool) -> dict[str, Cost]:
    """The cost of one run of each row by name, tried in a process once for all rows that cost the same.

    Raises:
        KzooError: the process says what is wrong with a recipe or its data.
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
    """How many runs of each row are still to be trained; one that rows share is the first row's."""
    rows = {job.folder: job.row for job in reversed(plan.jobs)}
    return Counter(
        row
        for folder, row in rows.items()
        if not RunFolder(root / folder).finished and not find_made(folder, root)
    )


def measure(trial: Trial) -> Cost:
    """Take a few steps of a training in this process, and validate twice: the first time compiles."""
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
    """A function that takes the first steps of an epoch, and how many: `STEPS`, or all there are."""
    from kzoo.training.order import batches, epoch_order

    training = experiment.recipe.training
    examples, train_on = experiment.compile_steps(model)
    rows = next(batches(epoch_order(training, 1, examples), training, STEPS))
    return lambda: train_on(rows), len(rows)


def _shortest(call: Callable[[], object]) -> float:
    """The seconds of the shortest call within `SECONDS`, and at least one."""
    ends, laps = time.perf_counter() + SECONDS, [_seconds(call)]
    while time.perf_counter() < ends:
        laps.append(_seconds(call))
    return min(laps)


def _seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _peak_memory() -> int | None:
    """The bytes of this process at its peak; Windows is not asked."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def main() -> None:
    """Print the cost as JSON."""
    print(json.dumps(asdict(measure(Trial.model_validate_json(sys.argv[1])))))


if __name__ == "__main__":
    main()
