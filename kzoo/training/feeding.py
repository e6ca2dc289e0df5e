"""The way of the examples to the device: all arrays once, or the rows of some steps at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import numpy as np

from kzoo.data.large_arrays import is_large, rows_at_a_time
from kzoo.training.examples import Examples
from kzoo.types import Tensor

STEPS_PER_CALL = 128
"""The most training steps between two reports of progress: their cost is small and progress stays visible."""


Resident = tuple[np.ndarray, Tensor]
"""An array and its tensor on the device."""


@dataclass(frozen=True)
class Feeder:
    """The arrays of some training examples for the steps of an engine.

    `place(rows)` takes the rows of the batches, int32 `(steps, batch)`, and returns arrays on the device and
    the rows in these arrays. `steps` is the number of steps that should be placed at a time. `resident` are
    the arrays that stay on the device, with their tensors.
    """

    steps: int
    place: Callable[[np.ndarray], tuple[tuple[Tensor, ...], np.ndarray]]
    resident: Sequence[Resident] = ()


def create_feeder(examples: Examples, batch_size: int, before: Feeder | None = None) -> Feeder:
    """Return a feeder that places all examples once, or those of some steps at a time if they are large.

    A step sees the same batch in both cases. Arrays that `before`, the feeder of the last epoch, has on the
    device stay there.
    """
    if not is_large(examples.nbytes):
        resident = to_device(examples.arrays, before.resident if before else ())
        arrays = tuple(tensor for _, tensor in resident)
        return Feeder(STEPS_PER_CALL, lambda rows: (arrays, rows), resident)
    steps = min(STEPS_PER_CALL, rows_at_a_time(batch_size * examples.nbytes // len(examples)))

    def place(rows: np.ndarray) -> tuple[tuple[Tensor, ...], np.ndarray]:
        # The arrays of fewer steps are filled up, so that a backend compiles one shape.
        part = steps * batch_size
        taken = examples.take(np.resize(rows, -(-rows.size // part) * part))
        order = np.arange(rows.size, dtype=np.int32).reshape(rows.shape)
        return tuple(map(keras.ops.convert_to_tensor, taken)), order

    return Feeder(steps, place)


def to_device(arrays: Sequence[np.ndarray], resident: Sequence[Resident]) -> list[Resident]:
    """Pair arrays with their tensors on the device; the tensors of arrays in `resident` are used again."""
    known = {id(array): tensor for array, tensor in resident}
    return [
        (array, known[id(array)] if id(array) in known else keras.ops.convert_to_tensor(array))
        for array in arrays
    ]
