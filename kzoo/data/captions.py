"""What a set of captioned images is: three splits of images with their captions, and where they came from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from kzoo.data.faults import regular, unreadable
from kzoo.data.folders import read_image, resize_pixels
from kzoo.data.origin import Origin
from kzoo.data.sieve import DroppedRows
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


@dataclass(frozen=True, eq=False)
class CaptionSet:
    """Captioned images in three splits.

    `min_count` says how often a word must be in the captions of the training split to be known.
    """

    train: CaptionSplit
    validation: CaptionSplit
    test: CaptionSplit
    origin: Origin
    dropped: DroppedRows
    min_count: int = 1

    @property
    def splits(self) -> dict[str, CaptionSplit]:
        """The splits by name, in the order in which they are used."""
        return {"train": self.train, "validation": self.validation, "test": self.test}

    @property
    def longest(self) -> int:
        """How many words the longest caption has."""
        captions = chain.from_iterable(chain.from_iterable(split.captions for split in self.splits.values()))
        return max(map(len, captions))

    def vocabulary(self) -> Vocabulary:
        """The words that are at least `min_count` times in the captions of the training split."""
        return Vocabulary.build(chain.from_iterable(self.train.captions), self.min_count)

    def sha256(self) -> str:
        """The hash of every image and caption in order: two runs with the same hash saw the same data.

        Of a file it is the bytes that count, whatever pixels they decode to.

        Raises:
            DataError: an image file cannot be read.
        """
        digest = hashlib.sha256()
        for split in self.splits.values():
            digest.update(json.dumps(split.captions).encode())
            for image in split.images:
                digest.update(_image_digest(image))
        return digest.hexdigest()


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
