"""Augmentation of images `(batch, height, width, channels)` with values in [0, 1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from keras import ops

from kzoo.data.images.image_set import PIXEL_LEVELS
from kzoo.recipe import AugmentationSection
from kzoo.training.augmentation import Operation
from kzoo.types import Tensor

_LUMA = (0.299, 0.587, 0.114)
"""The weights of red, green and blue in the grey value (ITU-R BT.601)."""


@dataclass(frozen=True)
class Geometry:
    """Shift, flip, rotation and random resized crop, as one affine resampling.

    The output pixel (x, y) is the input at (a x + b y + c, d x + e y + f); outside the image the input is 0.
    A crop keeps the shape of the image. Shifts and flips alone copy pixels, all else interpolates linearly.
    """

    height: int
    width: int
    shift: int = 0
    flip: bool = False
    rotation: float = 0.0
    crop: float = 1.0

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Draw the coefficients a to f, float32 `(count, 6)`."""
        shift = rng.integers(-self.shift, self.shift, (2, count), endpoint=True)
        mirror = 1 - 2 * rng.integers(0, 1 + self.flip, count)
        angle = np.radians(rng.uniform(-self.rotation, self.rotation, count))
        side = np.sqrt(rng.uniform(self.crop, 1, count))
        middle = rng.uniform(-0.5, 0.5, (2, count)) * (1 - side)
        a, b = side * np.cos(angle) * mirror, -side * np.sin(angle)
        d, e = side * np.sin(angle) * mirror, side * np.cos(angle)
        x, y = (self.width - 1) / 2, (self.height - 1) / 2
        c = x - a * x - b * y + shift[0] + middle[0] * self.width
        f = y - d * x - e * y + shift[1] + middle[1] * self.height
        return np.stack([a, b, c, d, e, f], axis=1).astype("float32")

    def __call__(self, images: Tensor, draws: Tensor) -> Tensor:
        """Resample images."""
        a, b, c, d, e, f = (draws[:, place, None, None] for place in range(6))
        x, y = ops.arange(self.width, dtype="float32"), ops.arange(self.height, dtype="float32")[:, None]
        columns, rows = a * x + b * y + c, d * x + e * y + f
        if self.rotation == 0 and self.crop == 1:
            return _pixels(images, ops.cast(rows, "int32"), ops.cast(columns, "int32"))
        return _interpolate(images, rows, columns)


@dataclass(frozen=True)
class Colour:
    """Brightness, contrast and saturation, each multiplied by a factor from [1 - share, 1 + share].

    Brightness scales x, contrast its distance to the mean grey value of the image, and saturation its
    distance to the grey value of the pixel. The results are cut to the range of pixels.
    """

    share: float

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Draw the three factors, float32 `(count, 3)`."""
        return rng.uniform(1 - self.share, 1 + self.share, (count, 3)).astype("float32")

    def __call__(self, images: Tensor, draws: Tensor) -> Tensor:
        """Scale brightness, contrast and saturation."""
        brightness, contrast, saturation = (draws[:, place, None, None, None] for place in range(3))
        images = _cut(images * brightness)
        middle = ops.mean(_grey(images), axis=(1, 2), keepdims=True)
        images = _cut(middle + contrast * (images - middle))
        grey = _grey(images)
        return _cut(grey + saturation * (images - grey))


@dataclass(frozen=True)
class Cutout:
    """A square of `side` pixels, part of which may lie outside the image, is set to 0.

    Reference: DeVries and Taylor 2017, arXiv 1708.04552, 3.
    """

    height: int
    width: int
    side: int

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Draw the square around a random pixel: its first and last rows and columns, int32 `(count, 4)`."""
        top = rng.integers(self.height, size=count) - self.side // 2
        left = rng.integers(self.width, size=count) - self.side // 2
        return np.stack([top, top + self.side, left, left + self.side], axis=1).astype("int32")

    def __call__(self, images: Tensor, draws: Tensor) -> Tensor:
        """Set the squares to 0."""
        return ops.where(inside(draws, self.height, self.width), 0.0, images)


@dataclass(frozen=True)
class Mixup:
    """Two images are added with weights l and 1 - l, l from Beta(alpha, alpha).

    Reference: Zhang et al. 2018, arXiv 1710.09412, 2.
    """

    alpha: float

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Draw l, float32 `(count, 1)`."""
        return rng.beta(self.alpha, self.alpha, (count, 1)).astype("float32")

    def share(self, draws: Tensor) -> Tensor:
        """Return the share of the first image, `(batch,)`."""
        return draws[:, 0]

    def __call__(self, images: Tensor, draws: Tensor) -> Tensor:
        """Mix each image with its partner."""
        share = draws[:, :, None, None]
        return share * images + (1 - share) * partners(images)


@dataclass(frozen=True)
class CutMix:
    """A box of another image is pasted, its area the share 1 - l of the image, l from Beta(alpha, alpha).

    Its centre is anywhere in the image. A part outside is left out, and l becomes the share that is left.

    Reference: Yun et al. 2019, arXiv 1905.04899, 3.
    """

    height: int
    width: int
    alpha: float

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Draw the first row of the box and the row after it, and so for columns, int32 `(count, 4)`."""
        half = np.sqrt(1 - rng.beta(self.alpha, self.alpha, count)) / 2
        ends = []
        for size in (self.height, self.width):
            middle = rng.integers(size, size=count)
            reach = np.floor(half * size)
            ends += [np.clip(middle - reach, 0, size), np.clip(middle + reach, 0, size)]
        return np.stack(ends, axis=1).astype("int32")

    def share(self, draws: Tensor) -> Tensor:
        """Return the share of the first image, `(batch,)`."""
        area = (draws[:, 1] - draws[:, 0]) * (draws[:, 3] - draws[:, 2])
        return 1 - ops.cast(area, "float32") / (self.height * self.width)

    def __call__(self, images: Tensor, draws: Tensor) -> Tensor:
        """Paste the boxes of the partners."""
        return ops.where(inside(draws, self.height, self.width), partners(images), images)


def image_operations(section: AugmentationSection, height: int, width: int) -> tuple[Operation, ...]:
    """Return the operations on single images that a recipe asks for, in their order."""
    operations: list[Operation] = []
    geometry = Geometry(height, width, section.shift, section.flip, section.rotation, section.crop)
    if geometry != Geometry(height, width):
        operations.append(geometry)
    if section.colour:
        operations.append(Colour(section.colour))
    if section.cutout:
        operations.append(Cutout(height, width, section.cutout))
    return tuple(operations)


def image_mixing(section: AugmentationSection, height: int, width: int) -> Mixup | CutMix | None:
    """Return the mixing of two images and their labels that a recipe asks for, if any."""
    if section.mixup:
        return Mixup(section.mixup)
    return CutMix(height, width, section.cutmix) if section.cutmix else None


def partners(values: Tensor) -> Tensor:
    """Return what each row of a batch is mixed with: the row before it, and the last for the first."""
    return ops.roll(values, 1, axis=0)


def inside(boxes: Tensor, height: int, width: int) -> Tensor:
    """Return which pixels `(batch, height, width, 1)` lie in boxes `(batch, 4)`: top, bottom, left, right.

    Bottom and right lie outside.
    """
    top, bottom, left, right = (boxes[:, place, None, None, None] for place in range(4))
    rows = ops.arange(height, dtype="int32")[:, None, None]
    columns = ops.arange(width, dtype="int32")[:, None]
    of_rows = ops.logical_and(rows >= top, rows < bottom)
    return ops.logical_and(of_rows, ops.logical_and(columns >= left, columns < right))


def _pixels(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Gather the pixels at integer `rows` and `columns` `(batch, height, width)`, 0 outside the image."""
    _, height, width, channels = images.shape
    found = ops.logical_and(
        ops.logical_and(rows >= 0, rows < height), ops.logical_and(columns >= 0, columns < width)
    )
    first = ops.arange(ops.shape(images)[0], dtype="int32")[:, None, None] * (height * width)
    places = first + ops.clip(rows, 0, height - 1) * width + ops.clip(columns, 0, width - 1)
    pixels = ops.take(ops.reshape(images, (-1, channels)), places, axis=0)
    return pixels * ops.cast(found, images.dtype)[..., None]


def _interpolate(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Interpolate linearly between the four pixels around real `rows` and `columns`."""
    top, left = ops.floor(rows), ops.floor(columns)
    down, right = (rows - top)[..., None], (columns - left)[..., None]
    row, column = ops.cast(top, "int32"), ops.cast(left, "int32")
    above = (1 - right) * _pixels(images, row, column) + right * _pixels(images, row, column + 1)
    below = (1 - right) * _pixels(images, row + 1, column) + right * _pixels(images, row + 1, column + 1)
    return (1 - down) * above + down * below


def _grey(images: Tensor) -> Tensor:
    """Return the grey values `(batch, height, width, 1)` of images of one or three channels."""
    if images.shape[-1] == 1:
        return images
    red, green, blue = (images[..., place, None] for place in range(3))
    return _LUMA[0] * red + _LUMA[1] * green + _LUMA[2] * blue


def _cut(images: Tensor) -> Tensor:
    return ops.clip(images, 0.0, (PIXEL_LEVELS - 1) / PIXEL_LEVELS)
