"""What an image set is: three labelled splits, the names of the classes, and where it came from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from kzoo.data.origin import Origin

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


@dataclass(frozen=True)
class ImageSet:
    """A labelled image set in its three splits."""

    train: Split
    validation: Split
    test: Split
    class_names: tuple[str, ...]
    origin: Origin

    @property
    def splits(self) -> dict[str, Split]:
        """The splits by name, in the order in which they are used."""
        return {"train": self.train, "validation": self.validation, "test": self.test}

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """`(height, width, channels)` of every image."""
        height, width, channels = self.train.images.shape[1:]
        return height, width, channels

    def sha256(self) -> str:
        """The hash of every pixel and label in order: two runs with the same hash saw the same data."""
        digest = hashlib.sha256()
        for split in self.splits.values():
            digest.update(str(split.images.shape).encode())
            digest.update(np.ascontiguousarray(split.images).data)
            digest.update(np.ascontiguousarray(split.labels, dtype="<i4").data)
        return digest.hexdigest()
