"""Published image sets, read from the files in which they are published."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kzoo.data.arrays import shape_text
from kzoo.data.faults import unreadable
from kzoo.data.image_cards import ImageSetCard
from kzoo.data.images import ImageSet, Split
from kzoo.data.layouts import LAYOUTS, Layout
from kzoo.data.origin import Origin
from kzoo.data.splits import hold_out
from kzoo.errors import DataError

R004_TEST_CUT = (182, 55, 42, 250)
"""How many test images of each OCTMNIST class R004 used."""


def read_published(card: ImageSetCard, folder: Path, *, test_cut: bool = False) -> ImageSet:
    """Read a published set from a folder that holds any of its official layouts.

    A validation split that is not published is held out of the training images, by class: the share that
    the reports held out. How many images there are is not checked here, so that a reduced set can be used;
    `kzoo data check` compares it with the published sizes.

    Args:
        card: the set.
        folder: holds its files.
        test_cut: keep only the first 182, 55, 42 and 250 test images of OCTMNIST's classes, as many as
            R004 used. The report does not say which they were.

    Raises:
        DataError: a file is missing, damaged, mislabelled, or its images are not of the set's shape.
    """
    layout = _layout(card, folder)
    if layout is None:
        raise DataError(f"{folder} holds no files of {card.name}")
    splits = layout.read(folder, card)
    _check_splits(splits, card, folder)
    if "validation" not in splits:
        shares = card.sizes["validation"], card.sizes["train"] + card.sizes["validation"]
        count = -(-len(splits["train"]) * shares[0] // shares[1])  # rounded up, as R003's 1,404 of 14,034
        splits["train"], splits["validation"] = hold_out(splits["train"], count)
    if test_cut:
        splits["test"] = _first_of_each_class(splits["test"], R004_TEST_CUT, folder)
    return ImageSet(
        splits["train"],
        splits["validation"],
        splits["test"],
        card.class_names,
        Origin(card.name, str(folder), stand_in=False),
    )


def _layout(card: ImageSetCard, folder: Path) -> Layout | None:
    try:
        return next((layout for layout in LAYOUTS[card.name] if layout.found(folder)), None)
    except OSError as error:
        raise unreadable(folder, error) from error


def _check_splits(splits: dict[str, Split], card: ImageSetCard, folder: Path) -> None:
    for name in ("train", "test"):
        if name not in splits:
            raise DataError(f"{folder} holds no {name} images of {card.name}")
    for name, split in splits.items():
        shape = split.images.shape[1:]
        if shape != card.image_shape:
            raise DataError(
                f"{folder}: the {name} images are {shape_text(shape)}, "
                f"those of {card.name} are {shape_text(card.image_shape)}"
            )


def _first_of_each_class(split: Split, counts: tuple[int, ...], folder: Path) -> Split:
    rows = [np.flatnonzero(split.labels == label)[:count] for label, count in enumerate(counts)]
    for label, (found, count) in enumerate(zip(rows, counts, strict=True)):
        if len(found) < count:
            raise DataError(
                f"{folder} holds {len(found)} test images of class {label}, the cut takes {count}"
            )
    return split.take(np.sort(np.concatenate(rows)))
