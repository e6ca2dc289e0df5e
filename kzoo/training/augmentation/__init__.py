"""Augmentation of training examples inside the compiled step, equal on all backends and exact on resume.

What is drawn for an epoch is a pure function of seed and epoch: NumPy draws it on the host, one row for each
example. An operation computes the change from these rows in `keras.ops`, so no random state is on the device.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from kzoo.types import Tensor

__all__: list[str] = []

_STREAM = 1
"""The stream of the draws, which differs from that of the order of the examples."""


class Operation(Protocol):
    """A random change of examples."""

    def draw(self, rng: np.random.Generator, count: int, /) -> np.ndarray:
        """Draw an array with one row for each of `count` examples."""

    def __call__(self, values: Tensor, draws: Tensor, /) -> Tensor:
        """Change a batch of examples as the rows of `draws` say."""


def draw_epoch(operations: Sequence[Operation], count: int, seed: int, epoch: int) -> tuple[np.ndarray, ...]:
    """Draw the array of each operation for `count` examples in an epoch."""
    rng = np.random.default_rng([seed, epoch, _STREAM])
    return tuple(operation.draw(rng, count) for operation in operations)


def apply(operations: Sequence[Operation], values: Tensor, draws: Sequence[Tensor]) -> Tensor:
    """Apply operations to a batch, one after the other, each with its own draws."""
    for operation, rows in zip(operations, draws, strict=True):
        values = operation(values, rows)
    return values
