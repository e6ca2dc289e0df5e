"""The order of the training examples in an epoch, and its division into batches."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from kzoo.recipe import TrainingSection
from kzoo.training.examples import Examples


def epoch_order(training: TrainingSection, epoch: int, examples: Examples) -> np.ndarray:
    """Return the order of the examples in an epoch, int32 `(count,)`.

    The order is a pure function of seed, epoch and lengths. With `batch_by_length` each batch holds examples
    of similar length; the batches are shuffled, and a smaller last batch holds examples of any length.
    """
    rng = np.random.default_rng([training.seed, epoch])
    order = rng.permutation(len(examples)).astype(np.int32)
    if not training.batch_by_length or not examples.lengths.any():
        return order
    whole = len(order) // training.batch_size
    taken, left = np.split(order, [whole * training.batch_size])
    lengths = examples.lengths.sum(axis=1)
    alike = taken[np.argsort(lengths[taken], kind="stable")].reshape(whole, training.batch_size)
    return np.concatenate([rng.permutation(alike).reshape(-1), left])


def batches(order: np.ndarray, training: TrainingSection, steps_per_call: int) -> Iterator[np.ndarray]:
    """Cut an order into arrays `(steps, batch)` of at most `steps_per_call` steps, then a smaller last batch.

    A small last batch can harm batch normalisation: the statistics of, say, two images make up a tenth of the
    moving averages right before validation and can spoil the epoch's metrics. `drop_last` leaves it out.
    """
    batch_size = training.batch_size
    whole = len(order) // batch_size
    rows = order[: whole * batch_size].reshape(whole, batch_size)
    for start in range(0, whole, steps_per_call):
        yield rows[start : start + steps_per_call]
    if len(order) % batch_size and not training.drop_last:
        yield order[whole * batch_size :][None]


def steps_per_epoch(count: int, training: TrainingSection) -> int:
    """Return the number of batches that `batches` makes of `count` examples."""
    return count // training.batch_size if training.drop_last else math.ceil(count / training.batch_size)
