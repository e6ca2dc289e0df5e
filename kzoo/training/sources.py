"""The sources of sequence models (texts, images or sounds) as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kzoo.training.examples import BUCKET_WIDTH


@dataclass(frozen=True)
class Sources:
    """An array with one source of a sequence model in each row.

    `values` are ids `(count, length)` or features `(count, length, features)`, padded with zeros. Batches of
    `batch` sources are cut to their longest, rounded up to a multiple of `bucket_width`; None cuts nothing.
    `real` `(count,)` are the lengths without padding; None finds them in `values`.
    """

    values: np.ndarray
    bucket_width: int | None = BUCKET_WIDTH
    batch: int = 256
    real: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, rows: slice) -> Sources:
        real = None if self.real is None else self.real[rows]
        return Sources(self.values[rows], self.bucket_width, self.batch, real)

    @cached_property
    def lengths(self) -> np.ndarray:
        """The lengths of the sources without padding, `(count,)`; with padding if `bucket_width` is None."""
        length = self.values.shape[1]
        if self.bucket_width is None:
            return np.full(len(self.values), length)
        if self.real is not None:
            return self.real
        real = (self.values != 0).reshape(len(self.values), length, -1).any(axis=-1)
        return np.where(real.any(axis=1), length - real[:, ::-1].argmax(axis=1), 0)

    def batches(self) -> list[np.ndarray]:
        """Return the rows of batches of similar lengths, the shortest first."""
        order = np.argsort(self.lengths, kind="stable")
        return [order[start : start + self.batch] for start in range(0, len(order), self.batch)]

    def batches_per_width(self) -> float:
        """Return the mean number of batches of one width."""
        widths = [self._width(int(self.lengths[rows].max())) for rows in self.batches()]
        return len(widths) / len(set(widths))

    def _width(self, longest: int) -> int:
        """Return the length of a batch whose longest source has this length."""
        if self.bucket_width is None:
            return self.values.shape[1]
        return max(1, -(-longest // self.bucket_width)) * self.bucket_width

    def take(self, rows: np.ndarray, longest: int) -> np.ndarray:
        """Gather a batch of sources, cut or padded to the next multiple of `bucket_width` of `longest`."""
        values, width = self.values[rows], self._width(longest)
        missing = max(0, width - values.shape[1])
        return np.pad(values, [(0, 0), (0, missing), *[(0, 0)] * (values.ndim - 2)])[:, :width]
