"""Loading of an image set by name or path."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kzoo.data.images.arrays import repeat_grey, shape_text
from kzoo.data.images.cards import IMAGE_SETS, IMAGE_STAND_INS, R004_TEST_CUT, ImageSetCard
from kzoo.data.images.image_set import ImageSet, Split
from kzoo.data.images.layouts import LAYOUTS
from kzoo.data.images.own import read_own
from kzoo.data.limits import MAX_SIDE
from kzoo.data.load import SetKind, find_layout, load
from kzoo.data.origin import Origin
from kzoo.data.splits import hold_out
from kzoo.errors import DataError, UsageError


@dataclass(frozen=True)
class ImageOptions:
    """The options of `load_image_set` that determine which images are read and in which shape."""

    image_shape: tuple[int, int, int] | None = None
    stand_in_seed: int = 42
    test_cut: bool = False


def load_image_set(
    name_or_path: str | Path,
    *,
    data_dir: Path | None = None,
    image_shape: tuple[int, int, int] | None = None,
    stand_in: str | None = None,
    require_data: bool = False,
    stand_in_seed: int = 42,
    test_cut: bool = False,
) -> ImageSet:
    """Load an image set: a published set, a stand-in drawn by kzoo, or the user's own.

    Args:
        name_or_path: a set of the catalogue, a stand-in ("glyphs", "scenes", "scans"), or the path of the
            user's own folder or npz file.
        data_dir, stand_in, require_data: see `kzoo.data.load.load`.
        image_shape: `(height, width, channels)` of the model's input. A published set or stand-in must have
            this height and width, and its grey images are repeated to three channels if necessary. For the
            user's own images see `kzoo.data.images.own.read_own`.
        stand_in_seed: the seed from which a stand-in is drawn.
        test_cut: reduce the test split of OCTMNIST to the size that R004 used, see `read_published`.

    Raises:
        UsageError: the name is unknown, or the set does not fit an option or the model.
        DataError: the set is required and not found, or one of its files is damaged.
    """
    if image_shape is not None:
        _check_shape(image_shape)
    if test_cut and str(name_or_path) != "octmnist":
        raise UsageError(f"test_cut is R004's cut of octmnist; {name_or_path} has none")
    options = ImageOptions(image_shape, stand_in_seed, test_cut)
    return load(_KIND, name_or_path, options, data_dir=data_dir, stand_in=stand_in, require_data=require_data)


def read_published(card: ImageSetCard, folder: Path, *, test_cut: bool = False) -> ImageSet:
    """Read a published set from a folder that holds it in one of its official layouts.

    If no validation split is published, the share that the reports used is held out of the training images,
    stratified by class. The number of images is not checked, so that a reduced set can be used. Use
    `kzoo data check` to compare it with the published sizes.

    Args:
        card: the card of the set.
        folder: the folder that holds its files.
        test_cut: keep only the first 182, 55, 42 and 250 test images of OCTMNIST's classes, as many as
            R004 used. The report does not say which images it used.

    Raises:
        DataError: a file is missing, damaged or mislabelled, or its images have the wrong shape.
    """
    splits = find_layout(LAYOUTS[card.name], card, folder).read(folder, card)
    _check_splits(splits, card, folder)
    if "validation" not in splits:
        shares = card.sizes["validation"], card.sizes["train"] + card.sizes["validation"]
        count = -(-len(splits["train"]) * shares[0] // shares[1])  # rounded up, as in R003: 1,404 of 14,034
        splits["train"], splits["validation"] = hold_out(splits["train"], count)
    if test_cut:
        splits["test"] = _first_of_each_class(splits["test"], R004_TEST_CUT, folder)
    origin = Origin(card.name, str(folder), stand_in=False)
    return ImageSet(**splits, class_names=card.class_names, origin=origin)


def _check_shape(shape: tuple[int, int, int]) -> None:
    if min(shape) < 1 or max(shape) > MAX_SIDE or shape[2] not in (1, 3):
        raise UsageError(
            f"images cannot be {shape_text(shape)}: expected height and width, {MAX_SIDE:,} at most, "
            "and 1 or 3 channels"
        )


def _check_splits(splits: dict[str, Split], card: ImageSetCard, folder: Path) -> None:
    for name in ("train", "test"):
        if name not in splits:
            raise DataError(f"{folder} holds no {name} images of {card.name}")
    for name, split in splits.items():
        shape = split.images.shape[1:]
        if shape != card.image_shape:
            raise DataError(
                f"{folder}: the {name} images are {shape_text(shape)}, "
                f"expected {shape_text(card.image_shape)} for {card.name}"
            )


def _first_of_each_class(split: Split, counts: tuple[int, ...], folder: Path) -> Split:
    rows = [np.flatnonzero(split.labels == label)[:count] for label, count in enumerate(counts)]
    for label, (found, count) in enumerate(zip(rows, counts, strict=True)):
        if len(found) < count:
            raise DataError(
                f"{folder} holds {len(found)} test images of class {label}, test_cut needs {count}"
            )
    return split.take(np.sort(np.concatenate(rows)))


def _with_channels(image_set: ImageSet, image_shape: tuple[int, int, int] | None) -> ImageSet:
    shape = image_set.image_shape
    if image_shape is None or shape == image_shape:
        return image_set
    if shape != (*image_shape[:2], 1) or image_shape[2] != 3:
        found, wanted = shape_text(shape), shape_text(image_shape)
        raise UsageError(f"the images of {image_set.origin.name} are {found}, the model takes {wanted}")
    train, validation, test = (
        Split(repeat_grey(split.images), split.labels) for split in image_set.splits.values()
    )
    return replace(image_set, train=train, validation=validation, test=test)


def _read(card: ImageSetCard, folder: Path, options: ImageOptions) -> ImageSet:
    return _with_channels(read_published(card, folder, test_cut=options.test_cut), options.image_shape)


def _draw(stand_in: str, options: ImageOptions) -> ImageSet:
    from kzoo.data.standins import draw_image_set

    return _with_channels(draw_image_set(stand_in, options.stand_in_seed), options.image_shape)


def _read_own(path: Path, options: ImageOptions) -> ImageSet:
    return read_own(path, options.image_shape)


_KIND = SetKind("image set, folder or npz file", IMAGE_SETS, IMAGE_STAND_INS, _read, _draw, _read_own)
