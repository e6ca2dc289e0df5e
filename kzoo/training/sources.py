"""What sequences are written about: texts, images, sounds, as arrays that a model reads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kzoo.training.examples import BUCKET_WIDTH


@dataclass(frozen=True)
class Sources:
    """One source in each row.

    `values` are `(count, length)` of ids or `(count, length, features)`, padded with zeros. Batches of
    `batch` are cut to a multiple of `bucket_width` positions of their longest, or not at all if it is None.
    `real` `(count,)` says how much of each is no padding; it is measured if None.
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
        """Up to where each is real, `(count,)`; all of it where nothing is cut."""
        length = self.values.shape[1]
        if self.bucket_width is None:
            return np.full(len(self.values), length)
        if self.real is not None:
            return self.real
        real = (self.values != 0).reshape(len(self.values), length, -1).any(axis=-1)
        return np.where(real.any(axis=1), length - real[:, ::-1].argmax(axis=1), 0)

    def take(self, rows: np.ndarray, longest: int) -> np.ndarray:
        """These sources as a batch, at the next multiple of `bucket_width` of the longest."""
        values = self.values[rows]
        if self.bucket_width is None:
            return values
        width = max(1, -(-longest // self.bucket_width)) * self.bucket_width
        missing = max(0, width - values.shape[1])
        return np.pad(values, [(0, 0), (0, missing), *[(0, 0)] * (values.ndim - 2)])[:, :width]
