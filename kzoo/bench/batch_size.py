"""The batch size that trains the fastest on this machine, found by doubling that of the recipe."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from kzoo import runtime
from kzoo.bench.task import BatchSizeTask
from kzoo.bench.timed_worker import KilledError, TimedWorker
from kzoo.errors import UsageError

GAIN = 1.05
"""A doubled batch size must train this many times as many examples per second."""

STEPS = 8
"""The least number of steps in an epoch, and the number of batches by which a size is measured."""


def find_batch_size(task: BatchSizeTask) -> dict[int, float]:
    """Measure in other processes how fast a recipe trains with its batch size, twice that, and so on.

    TensorFlow fixes its threads by the batch size when it starts, so sizes above `runtime.SMALL_BATCH` are
    measured in a process of their own. The backend must not have been started in this process, as it would
    hold memory of a GPU.

    Returns:
        The examples/s by batch size: first the recipe's, last the fastest.

    Raises:
        KzooError: the recipe or its data are wrong, or a batch of the recipe's size does not fit into memory.
    """
    first = task.recipe.training.batch_size
    with ExitStack() as workers:
        worker, example_count = _start(task, first, workers)

        def measure(size: int) -> float | None:
            nonlocal worker
            if size > first and size // 2 <= runtime.SMALL_BATCH < size:
                workers.close()
                worker, _ = _start(task, size, workers)
            try:
                return worker.time()["examples_per_second"]
            except KilledError:  # the system ends a process when memory runs out
                return None

        return double_while_faster(first, example_count // STEPS, measure)


def double_while_faster(first: int, limit: int, measure: Callable[[int], float | None]) -> dict[int, float]:
    """Double a batch size while that trains at least `GAIN` times as many examples per second.

    Args:
        first: the size to start from, which is measured even if it exceeds the limit.
        limit: the largest size to measure.
        measure: returns the examples/s of a size, None if a batch does not fit into memory.

    Returns:
        The examples/s of the first size and of each larger one that was faster, in this order.

    Raises:
        UsageError: a batch of the first size does not fit into memory.
    """
    speed = measure(first)
    if speed is None:
        raise UsageError(
            f"training.batch_size: {first} examples do not fit into memory: give a smaller --batch-size"
        )
    speeds, size = {first: speed}, 2 * first
    while size <= limit:
        speed = measure(size)
        if speed is None or speed < GAIN * speeds[size // 2]:
            break
        speeds[size] = speed
        size *= 2
    return speeds


def _start(task: BatchSizeTask, size: int, workers: ExitStack) -> tuple[TimedWorker, int]:
    """Start a worker that measures this size first; return it and the number of training examples."""
    worker = workers.enter_context(TimedWorker("doubling", "batch_size", task.starting_at(size)))
    return worker, worker.time()["examples"]
