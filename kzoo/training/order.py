"""The order in which examples are trained on, and how it is cut into batches."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from kzoo.recipe import TrainingSection


def epoch_order(seed: int, epoch: int, count: int) -> np.ndarray:
    """The order of the examples in an epoch, int32 `(count,)`: a pure function of seed and epoch."""
    return np.random.default_rng([seed, epoch]).permutation(count).astype(np.int32)


def batches(order: np.ndarray, training: TrainingSection, steps_per_call: int) -> Iterator[np.ndarray]:
    """Cut an order into runs `(steps, batch)` of at most `steps_per_call`, then a smaller last batch.

    Mind the smaller batch under batch normalisation: statistics of two images, a tenth of the moving
    averages right before validation, can spoil an epoch's figures. `drop_last` leaves it out.
    """
    batch_size = training.batch_size
    whole = len(order) // batch_size
    rows = order[: whole * batch_size].reshape(whole, batch_size)
    for start in range(0, whole, steps_per_call):
        yield rows[start : start + steps_per_call]
    if len(order) % batch_size and not training.drop_last:
        yield order[whole * batch_size :][None]


def steps_per_epoch(count: int, training: TrainingSection) -> int:
    """The number of batches that `batches` makes of `count` examples."""
    return count // training.batch_size if training.drop_last else math.ceil(count / training.batch_size)
