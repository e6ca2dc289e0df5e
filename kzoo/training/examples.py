"""What is trained on: arrays, and how much of each example is real."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BUCKET_WIDTH = 4
"""Texts of a batch are cut to a multiple of this many tokens: few shapes to compile, little padding."""


@dataclass(frozen=True)
class Examples:
    """Arrays with one example in each row.

    `lengths` `(count, sequences)` in int32 are the lengths of an example's sequences, which a batch need not
    hold beyond its longest; examples of a fixed size have none. A batch's sequences are cut to a multiple of
    their `bucket_widths`, BUCKET_WIDTH each if there are none.
    """

    arrays: tuple[np.ndarray, ...]
    lengths: np.ndarray
    bucket_widths: tuple[int, ...] = ()

    @classmethod
    def of_fixed_size(cls, *arrays: np.ndarray) -> Examples:
        """Examples without sequences."""
        return cls(arrays, np.zeros((len(arrays[0]), 0), np.int32))

    def __len__(self) -> int:
        return len(self.lengths)

    def bucket_lengths(self, rows: np.ndarray) -> np.ndarray:
        """How much of each sequence the batches `rows` `(steps, batch)` need: `(steps, sequences)`, int32."""
        bucket_widths = np.array(self.bucket_widths or (BUCKET_WIDTH,) * self.lengths.shape[1], np.int32)
        rounded = -(-self.lengths[rows].max(axis=1) // bucket_widths) * bucket_widths
        return np.minimum(rounded, self.lengths.max(axis=0))
