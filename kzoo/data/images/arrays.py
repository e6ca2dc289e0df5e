"""Validation and conversion of arrays of images and labels."""

from __future__ import annotations

import numpy as np

from kzoo.data.images.image_set import Split
from kzoo.data.large_arrays import convert
from kzoo.errors import DataError


def to_split(images: np.ndarray, labels: np.ndarray, class_count: int, where: str) -> Split:
    """Check raw images and labels and convert them to a split.

    Args:
        images: `(count, height, width)` or `(count, height, width, channels)`, see `to_pixels`.
        labels: `(count,)` or `(count, 1)`, any integers 0 to `class_count` - 1.
        class_count: the number of classes.
        where: the file and the part of it, for error messages.

    Raises:
        DataError: an array is empty, of a wrong shape or type, or a label is out of range.
    """
    pixels, classes = to_pixels(images, where), to_labels(labels, where)
    if len(pixels) != len(classes):
        raise DataError(f"{where}: {len(pixels):,} images but {len(classes):,} labels")
    wrong = classes[(classes < 0) | (classes >= class_count)]
    if len(wrong):
        raise DataError(f"{where} is mislabelled: found label {wrong[0]}, expected 0 to {class_count - 1}")
    return Split(pixels, classes.astype(np.int32))


def to_labels(labels: np.ndarray, where: str) -> np.ndarray:
    """Check integer labels `(count,)` or `(count, 1)` and return them as `(count,)`."""
    if labels.dtype.kind not in "iu":
        raise DataError(f"{where}: labels are {labels.dtype}, expected integers")
    if labels.ndim not in (1, 2) or (labels.ndim == 2 and labels.shape[1] != 1):
        raise DataError(f"{where}: labels have the shape {labels.shape}, expected one label for each image")
    return labels.reshape(-1)


def to_pixels(images: np.ndarray, where: str) -> np.ndarray:
    """Check images and return them as uint8 `(count, height, width, channels)`.

    Unsigned bytes are kept. Floats must be in 0..1 and become `round(255 x)`, because the white level of any
    other range is unknown.
    """
    if images.ndim == 3:
        images = images[..., None]
    if images.ndim != 4 or images.shape[3] not in (1, 3):
        raise DataError(
            f"{where}: images have the shape {images.shape}, expected (count, height, width) or (..., 1 or 3)"
        )
    if images.size == 0:
        raise DataError(f"{where} holds no images")
    if images.dtype == np.uint8:
        return images
    if images.dtype.kind != "f":
        raise DataError(f"{where}: images are {images.dtype}, expected uint8, or floats in 0..1")
    lowest, highest = images.min(), images.max()  # NaN if one of the images holds NaN
    if not np.isfinite([lowest, highest]).all():
        raise DataError(f"{where}: images hold NaN or infinity")
    if lowest < 0 or highest > 1:
        raise DataError(f"{where}: float images range from {lowest:g} to {highest:g}, expected 0 to 1")
    return convert(images, lambda part: np.rint(part * 255), images.shape[1:], np.uint8, where)


def repeat_grey(images: np.ndarray) -> np.ndarray:
    """Repeat the channel of grey images `(count, height, width, 1)` three times."""
    shape = (*images.shape[1:3], 3)
    return convert(images, lambda part: np.repeat(part, 3, axis=3), shape, images.dtype, "grey images")


def to_grey(images: np.ndarray) -> np.ndarray:
    """Return the luma of RGB images, .299 R + .587 G + .114 B (ITU-R BT.601), rounded as in Pillow."""
    weights = np.array([19595, 38470, 7471], np.uint32)

    def luma(part: np.ndarray) -> np.ndarray:
        return ((part @ weights + 0x8000) >> 16)[..., None]

    return convert(images, luma, (*images.shape[1:3], 1), np.uint8, "images in grey")


def shape_text(shape: tuple[int, ...]) -> str:
    """Format a shape such as `(28, 28, 1)` as `28x28x1`."""
    return "x".join(map(str, shape))
