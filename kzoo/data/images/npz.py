"""Image sets in NumPy's npz, by any of the usual names for their arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import numpy as np

from kzoo.data.errors import regular, unreadable
from kzoo.errors import DataError

Labelled = tuple[np.ndarray, np.ndarray]
"""Images and their labels, as a file holds them."""

_SPLIT_KEYS = {
    "train": (("train_images", "train_labels"), ("x_train", "y_train")),
    "validation": (
        ("val_images", "val_labels"),
        ("validation_images", "validation_labels"),
        ("x_val", "y_val"),
    ),
    "test": (("test_images", "test_labels"), ("x_test", "y_test")),
}
_WHOLE_KEYS = (("images", "labels"), ("x", "y"))


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """Every array of an npz file, by name; pickled objects and what else is no array are refused.

    Raises:
        DataError: the file is missing, cut off, damaged, or not npz.
    """
    regular(path)
    try:
        with path.open("rb") as file:  # NumPy leaves a file open that it cannot read
            if not is_zipfile(file):
                raise ValueError("it is not an npz file")
            file.seek(0)
            with np.load(file, allow_pickle=False) as archive:
                return {name: _array(archive, name) for name in archive.files}
    except Exception as error:  # zipfile, zlib and NumPy's header parser raise a dozen kinds between them
        raise unreadable(path, error) from error


def _array(archive: Any, name: str) -> np.ndarray:
    """A member of an archive: NumPy gives the bytes of one that it does not know."""
    if not isinstance(member := archive[name], np.ndarray):
        raise ValueError(f"its member {name!r} is no array")
    return member


def read_npz_splits(path: Path) -> tuple[dict[str, Labelled], tuple[str, ...] | None]:
    """The labelled splits of an npz file, and the names of its classes if it holds `class_names`.

    Splits are called "train", "validation" and "test", or "whole" where the file is not split: arrays
    `train_images`, `train_labels`, `val_images` ... (MedMNIST), `x_train`, `y_train` ... (Keras), or
    `images`, `labels`, or `x`, `y`.

    Raises:
        DataError: the file cannot be read, or holds no such arrays.
    """
    arrays = read_npz(path)
    class_names = tuple(map(str, arrays["class_names"].ravel())) if "class_names" in arrays else None
    for choices in ({"whole": _WHOLE_KEYS}, _SPLIT_KEYS):
        splits = {
            split: (arrays[images], arrays[labels])
            for split, names in choices.items()
            for images, labels in names
            if images in arrays and labels in arrays
        }
        if splits:
            return splits, class_names
    raise DataError(
        f"{path} holds {', '.join(arrays) or 'no arrays'}; expected train_images, train_labels, test_images, "
        "test_labels, or images, labels"
    )
