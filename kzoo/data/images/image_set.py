"""What an image set is: three labelled splits, the names of the classes, and where it came from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kzoo.data.data_set import DataSet

PIXEL_LEVELS = 256.0
"""The reports divide pixels by 256, not 255, and normalise no further (R000-R004, question 2)."""


@dataclass(frozen=True)
class Split:
    """Images `(count, height, width, channels)` in uint8 and their labels `(count,)` in int32."""

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: np.ndarray) -> Split:
        """The split of these rows, in this order."""
        return Split(self.images[rows], self.labels[rows])

    def content(self) -> Iterator[bytes | memoryview]:
        """Every pixel and label, and the shape."""
        yield str(self.images.shape).encode()
        yield np.ascontiguousarray(self.images).data
        yield np.ascontiguousarray(self.labels, dtype="<i4").data


@dataclass(frozen=True, eq=False)
class ImageSet(DataSet[Split]):
    """A labelled image set in its three splits."""

    class_names: tuple[str, ...]

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """`(height, width, channels)` of every image."""
        height, width, channels = self.train.images.shape[1:]
        return height, width, channels
