"""The worker that measures how fast a recipe trains with batches of rising size."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from statistics import median
from typing import TYPE_CHECKING

from kzoo import runtime
from kzoo.bench.batch_size import STEPS
from kzoo.bench.task import BatchSizeTask
from kzoo.bench.timed_worker import Stopwatch

if TYPE_CHECKING:
    import numpy as np

    from kzoo.recipe import TrainingSection
    from kzoo.training.examples import Examples

SECONDS, CALLS, LAP = 1.0, (3, 9), 0.1
"""The time for which calls are repeated, their least and most number, and the time that a call should take.
A call of a fast model repeats its batches, up to the number of steps that a call of `kzoo train` has."""

Train = Callable[["np.ndarray"], object]
"""Takes a training step for each row of examples, `(steps, batch)`."""


def batch_size(task: BatchSizeTask, stopwatch: Stopwatch) -> None:
    """Measure the examples/s with the recipe's batch size, and with twice the last one at each request."""
    training, place = task.recipe.training, task.recipe.runtime
    assert place.backend is not None
    runtime.start(place.backend, precision=place.precision, batch_size=training.batch_size)

    from kzoo.experiment import prepare
    from kzoo.training.engines import engine

    experiment = prepare(task.recipe, data_dir=task.data_dir, require_data=task.require_data)
    stopwatch.done(examples=experiment.example_count)
    examples, train_on = experiment.compile_steps(experiment.create_model())
    while True:
        try:
            speed = examples_per_second(train_on, sample_batches(examples, training))
        except Exception as error:
            if not engine().is_out_of_memory(error):
                raise
            speed = None
        stopwatch.done(examples_per_second=speed)
        training = training.model_copy(update={"batch_size": 2 * training.batch_size})


def sample_batches(examples: Examples, training: TrainingSection) -> np.ndarray:
    """Return batches of the first epoch, `(STEPS, batch)`, spread evenly over the lengths of all batches.

    An epoch that has fewer batches is repeated.
    """
    import numpy as np

    from kzoo.training.order import batches, epoch_order

    rows = next(batches(epoch_order(training, 1, examples), training, len(examples)))
    by_length = rows[np.argsort(examples.bucket_lengths(rows).sum(axis=1), kind="stable")]
    return by_length[(2 * np.arange(STEPS) + 1) * len(rows) // (2 * STEPS)]


def examples_per_second(
    train_on: Train, rows: np.ndarray, clock: Callable[[], float] = time.perf_counter
) -> float:
    """Return the examples/s of training on some batches: the median of several calls, without compilation."""
    import numpy as np

    from kzoo.training.feeding import STEPS_PER_CALL

    def seconds(batches: np.ndarray) -> float:
        started = clock()
        train_on(batches)
        return clock() - started

    train_on(rows)  # compiles a step for each shape
    repeats = min(math.ceil(LAP / seconds(rows)), max(1, STEPS_PER_CALL // len(rows)))
    rows = np.tile(rows, (repeats, 1))
    least, most = CALLS
    timings: list[float] = []
    while len(timings) < least or (len(timings) < most and sum(timings) < SECONDS):
        timings.append(seconds(rows))
    return rows.size / median(timings)
