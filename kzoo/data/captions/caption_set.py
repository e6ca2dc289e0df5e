"""What a set of captioned images is: three splits of images with their captions, and where they came from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from kzoo.data.data_set import DataSet
from kzoo.data.errors import regular, unreadable
from kzoo.data.images.folders import read_image, resize_pixels
from kzoo.data.row_filter import DroppedRows
from kzoo.data.tokens import Tokens
from kzoo.data.vocabulary import Vocabulary

Image = Path | np.ndarray
"""A file, or pixels `(height, width, 3)` in uint8."""

CaptionedImage = tuple[str, Image, tuple[Tokens, ...]]
"""An image's name, the image, and its captions."""


@dataclass(frozen=True, eq=False)
class CaptionSplit:
    """Images and, in the same order, their names and the captions of each, in words."""

    names: tuple[str, ...]
    images: tuple[Image, ...]
    captions: tuple[tuple[Tokens, ...], ...]

    @classmethod
    def of(cls, captioned: Iterable[CaptionedImage]) -> CaptionSplit:
        """The split of these images."""
        captioned = tuple(captioned)
        return cls(
            tuple(name for name, _, _ in captioned),
            tuple(image for _, image, _ in captioned),
            tuple(captions for _, _, captions in captioned),
        )

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: np.ndarray) -> CaptionSplit:
        """The split of these images, in this order."""
        return CaptionSplit.of((self.names[row], self.images[row], self.captions[row]) for row in rows)

    def content(self) -> Iterator[bytes | memoryview]:
        """Every caption, and the hash of every image."""
        yield json.dumps(self.captions).encode()
        for image in self.images:
            yield _image_digest(image)


@dataclass(frozen=True, eq=False)
class CaptionSet(DataSet[CaptionSplit]):
    """Captioned images in three splits.

    `min_count` says how often a word must be in the captions of the training split to be known.
    """

    dropped: DroppedRows
    min_count: int = 1

    @property
    def longest(self) -> int:
        """How many words the longest caption has."""
        captions = chain.from_iterable(chain.from_iterable(split.captions for split in self.splits.values()))
        return max(map(len, captions))

    def vocabulary(self) -> Vocabulary:
        """The words that are at least `min_count` times in the captions of the training split."""
        return Vocabulary.build(chain.from_iterable(self.train.captions), self.min_count)


def read_images(split: CaptionSplit, rows: Sequence[int], size: tuple[int, int]) -> np.ndarray:
    """Images of a split, read and resized (bilinear, antialiased, without regard to the aspect ratio).

    Args:
        split: holds the images.
        rows: which of them, in this order.
        size: `(height, width)` of what is returned.

    Returns:
        `(rows, height, width, 3)` in uint8.

    Raises:
        DataError: naming the image file that cannot be read.
    """
    images = np.empty((len(rows), *size, 3), np.uint8)
    for index, row in enumerate(rows):
        image = split.images[row]
        images[index] = (
            read_image(image, (*size, 3)) if isinstance(image, Path) else resize_pixels(image, *size)
        )
    return images


def _image_digest(image: Image) -> bytes:
    """The hash of one image: each has the same length, so that no two lists of images look alike."""
    if isinstance(image, np.ndarray):
        return hashlib.sha256(str(image.shape).encode() + np.ascontiguousarray(image).tobytes()).digest()
    try:
        return hashlib.sha256(regular(image).read_bytes()).digest()
    except OSError as error:
        raise unreadable(image, error) from error
