"""Types of an image data set: a labelled split and the whole set with its class names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kzoo.data.data_set import DataSet
from kzoo.data.large_arrays import take

PIXEL_LEVELS = 256.0
"""The divisor of pixel values: 256, not 255. The reports normalise no further (R000-R004, question 2)."""


@dataclass(frozen=True)
class Split:
    """A split: images `(count, height, width, channels)` in uint8 and labels `(count,)` in int32."""

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: np.ndarray) -> Split:
        """Return a split that holds only these rows, in this order."""
        return Split(take(self.images, rows, f"{len(rows):,} images"), self.labels[rows])

    def content(self) -> Iterator[bytes | memoryview]:
        """Yield the shape of the images, all pixels and all labels as bytes."""
        yield str(self.images.shape).encode()
        yield np.ascontiguousarray(self.images).data
        yield np.ascontiguousarray(self.labels, dtype="<i4").data


@dataclass(frozen=True, eq=False)
class ImageSet(DataSet[Split]):
    """An image data set with labels."""

    class_names: tuple[str, ...]

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """`(height, width, channels)` of every image."""
        height, width, channels = self.train.images.shape[1:]
        return height, width, channels
