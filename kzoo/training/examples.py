"""What is trained on: arrays, and how much of each example is real."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

GRAIN = 4
"""Texts of a batch are cut to a multiple of this many tokens: few shapes to compile, little padding."""


@dataclass(frozen=True)
class Examples:
    """Arrays with one example in each row.

    `lengths` `(count, sequences)` in int32 are the lengths of an example's sequences, which a batch need not
    hold beyond its longest; examples of a fixed size have none. A batch's sequences are cut to a multiple of
    their `grains`, GRAIN each if there are none.
    """

    arrays: tuple[np.ndarray, ...]
    lengths: np.ndarray
    grains: tuple[int, ...] = ()

    @classmethod
    def of_fixed_size(cls, *arrays: np.ndarray) -> Examples:
        """Examples without sequences."""
        return cls(arrays, np.zeros((len(arrays[0]), 0), np.int32))

    def __len__(self) -> int:
        return len(self.lengths)

    def extents(self, rows: np.ndarray) -> np.ndarray:
        """How much of each sequence the batches `rows` `(steps, batch)` need: `(steps, sequences)`, int32."""
        grains = np.array(self.grains or (GRAIN,) * self.lengths.shape[1], np.int32)
        rounded = -(-self.lengths[rows].max(axis=1) // grains) * grains
        return np.minimum(rounded, self.lengths.max(axis=0))
