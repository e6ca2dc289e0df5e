"""Types of a data set of captioned images: a captioned image, a split and the whole set."""

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
"""The path of an image file, or its pixels `(height, width, 3)` in uint8."""

CaptionedImage = tuple[str, Image, tuple[Tokens, ...]]
"""The name of an image, the image itself, and its captions."""


@dataclass(frozen=True, eq=False)
class CaptionSplit:
    """A split: the names of the images, the images, and the captions of each image as tuples of words."""

    names: tuple[str, ...]
    images: tuple[Image, ...]
    captions: tuple[tuple[Tokens, ...], ...]

    @classmethod
    def of(cls, captioned: Iterable[CaptionedImage]) -> CaptionSplit:
        """Build a split from captioned images."""
        captioned = tuple(captioned)
        return cls(
            tuple(name for name, _, _ in captioned),
            tuple(image for _, image, _ in captioned),
            tuple(captions for _, _, captions in captioned),
        )

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: np.ndarray) -> CaptionSplit:
        """Return a split that holds only these images, in this order."""
        return CaptionSplit.of((self.names[row], self.images[row], self.captions[row]) for row in rows)

    def content(self) -> Iterator[bytes | memoryview]:
        """Yield all captions as bytes, then the hash of each image."""
        yield json.dumps(self.captions).encode()
        for image in self.images:
            yield _image_digest(image)


@dataclass(frozen=True, eq=False)
class CaptionSet(DataSet[CaptionSplit]):
    """A data set of captioned images.

    The vocabulary holds the words that occur at least `min_count` times in the training captions.
    """

    dropped: DroppedRows
    min_count: int = 1

    @property
    def longest(self) -> int:
        """The number of words in the longest caption."""
        captions = chain.from_iterable(chain.from_iterable(split.captions for split in self.splits.values()))
        return max(map(len, captions))

    def vocabulary(self) -> Vocabulary:
        """Return the vocabulary of the words that occur at least `min_count` times in training captions."""
        return Vocabulary.build(chain.from_iterable(self.train.captions), self.min_count)


def read_images(split: CaptionSplit, rows: Sequence[int], size: tuple[int, int]) -> np.ndarray:
    """Read images of a split and resize them (bilinear, antialiased, ignoring the aspect ratio).

    Args:
        split: the split that holds the images.
        rows: the rows of the images to read, in this order.
        size: `(height, width)` of the returned images.

    Returns:
        The images, `(rows, height, width, 3)` in uint8.

    Raises:
        DataError: an image file cannot be read. The message names it.
    """
    images = np.empty((len(rows), *size, 3), np.uint8)
    for index, row in enumerate(rows):
        image = split.images[row]
        images[index] = (
            read_image(image, (*size, 3)) if isinstance(image, Path) else resize_pixels(image, *size)
        )
    return images


def _image_digest(image: Image) -> bytes:
    """Return a hash of fixed length for one image, so that different lists of images hash differently."""
    if isinstance(image, np.ndarray):
        return hashlib.sha256(str(image.shape).encode() + np.ascontiguousarray(image).tobytes()).digest()
    try:
        return hashlib.sha256(regular(image).read_bytes()).digest()
    except OSError as error:
        raise unreadable(image, error) from error
