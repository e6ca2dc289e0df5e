"""The way of the examples to the device: all arrays once, or the rows of some steps at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

from kzoo.data.large_arrays import is_large, rows_at_a_time
from kzoo.training.examples import Examples
from kzoo.types import Tensor

STEPS_PER_CALL = 128
"""The most training steps between two reports of progress: their cost is small and progress stays visible."""


@dataclass(frozen=True)
class Feeder:
    """The arrays of some training examples for the steps of an engine.

    `place(rows)` takes the rows of the batches, int32 `(steps, batch)`, and returns arrays on the device and
    the rows in these arrays. `steps` is the number of steps that should be placed at a time.
    """

    steps: int
    place: Callable[[np.ndarray], tuple[tuple[Tensor, ...], np.ndarray]]


def create_feeder(examples: Examples, batch_size: int) -> Feeder:
    """Return a feeder that places all examples once, or those of some steps at a time if they are large.

    A step sees the same batch in both cases.
    """
    if not is_large(examples.nbytes):
        arrays = tuple(map(keras.ops.convert_to_tensor, examples.arrays))
        return Feeder(STEPS_PER_CALL, lambda rows: (arrays, rows))
    steps = min(STEPS_PER_CALL, rows_at_a_time(batch_size * examples.nbytes // len(examples)))

    def place(rows: np.ndarray) -> tuple[tuple[Tensor, ...], np.ndarray]:
        # The arrays of fewer steps are filled up, so that a backend compiles one shape.
        part = steps * batch_size
        taken = examples.take(np.resize(rows, -(-rows.size // part) * part))
        order = np.arange(rows.size, dtype=np.int32).reshape(rows.shape)
        return tuple(map(keras.ops.convert_to_tensor, taken)), order

    return Feeder(steps, place)
