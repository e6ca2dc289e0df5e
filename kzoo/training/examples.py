"""Training examples: arrays and the true lengths of their padded sequences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BUCKET_WIDTH = 4
"""Texts of a batch are cut to a multiple of this many tokens, so few shapes compile with little padding."""


@dataclass(frozen=True)
class Examples:
    """Arrays with one training example in each row.

    `lengths` `(count, sequences)` in int32 are the lengths of an example's sequences; examples of a fixed
    size have none. A batch is cut to its longest sequence, rounded up to a multiple of the sequence's
    `bucket_widths`. Empty `bucket_widths` are BUCKET_WIDTH for each sequence.
    """

    arrays: tuple[np.ndarray, ...]
    lengths: np.ndarray
    bucket_widths: tuple[int, ...] = ()

    @classmethod
    def of_fixed_size(cls, *arrays: np.ndarray) -> Examples:
        """Create examples of a fixed size, which have no sequences."""
        return cls(arrays, np.zeros((len(arrays[0]), 0), np.int32))

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def nbytes(self) -> int:
        """The size of the arrays in bytes."""
        return sum(array.nbytes for array in self.arrays)

    def take(self, rows: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return the arrays of these examples alone, in this order."""
        return tuple(array[rows] for array in self.arrays)

    def bucket_lengths(self, rows: np.ndarray) -> np.ndarray:
        """Return the lengths to cut batches to, int32 `(steps, sequences)`, for `rows` `(steps, batch)`."""
        bucket_widths = np.array(self.bucket_widths or (BUCKET_WIDTH,) * self.lengths.shape[1], np.int32)
        rounded = -(-self.lengths[rows].max(axis=1) // bucket_widths) * bucket_widths
        return np.minimum(rounded, self.lengths.max(axis=0))


class SharedSources(Examples):
    """Examples of which several have the same source.

    The arrays are the sources, the targets, and the row of the source of each target, int32 `(count,)`.
    """

    def take(self, rows: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return the sources and the targets of these examples alone, in this order."""
        sources, targets, owners = self.arrays
        return sources[owners[rows]], targets[rows], np.arange(len(rows), dtype=np.int32)
