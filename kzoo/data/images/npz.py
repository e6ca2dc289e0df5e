"""Reader of image sets in NumPy's npz format, with any of the usual names of arrays."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any
from zipfile import is_zipfile

import numpy as np
from numpy.lib.format import read_array_header_1_0, read_array_header_2_0, read_magic

from kzoo.data.errors import regular, unreadable
from kzoo.data.large_arrays import is_large, zeros
from kzoo.errors import DataError

Labelled = tuple[np.ndarray, np.ndarray]
"""Raw images and labels as stored in a file."""

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

_READ_HEADER = {(1, 0): read_array_header_1_0, (2, 0): read_array_header_2_0}


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """Read all arrays of an npz file by name. Pickled objects and other members are rejected.

    Raises:
        DataError: the file is missing, cut off, damaged, not npz, or has a member that is not an array.
    """
    regular(path)
    try:
        with path.open("rb") as file:  # NumPy would leave an unreadable file open
            if not is_zipfile(file):
                raise ValueError("it is not an npz file")
            file.seek(0)
            with np.load(file, allow_pickle=False) as archive:
                return {name: _array(archive, name) for name in archive.files}
    except Exception as error:  # zipfile, zlib and NumPy's header parser raise many kinds
        raise unreadable(path, error) from error


def _array(archive: Any, name: str) -> np.ndarray:
    """Return an array of an archive. For a member of another format, NumPy returns its raw bytes."""
    found = f"{name}.npy" if f"{name}.npy" in archive.zip.namelist() else name
    if is_large(archive.zip.getinfo(found).file_size):
        with archive.zip.open(found) as file:
            return _unpack(file, name)
    if not isinstance(member := archive[name], np.ndarray):
        raise ValueError(f"its member {name!r} is not an array")
    return member


def _unpack(file: IO[bytes], name: str) -> np.ndarray:
    """Read an array in NumPy's format that may be larger than the memory."""
    shape, is_fortran, dtype = _READ_HEADER[read_magic(file)](file)
    if dtype.hasobject or is_fortran:
        raise ValueError(f"its member {name!r} is not a plain array in C order")
    array = zeros(shape, dtype, name)
    content, done = array.data.cast("B"), 0
    while read := file.readinto(content[done:]):  # type: ignore[attr-defined]
        done += read
    if done < len(content):
        raise ValueError(f"its member {name!r} is cut off")
    return array


def read_npz_splits(path: Path) -> tuple[dict[str, Labelled], tuple[str, ...] | None]:
    """Read the labelled splits of an npz file, and its class names if it has an array `class_names`.

    The splits are named "train", "validation" and "test" if the file has arrays `train_images`,
    `train_labels`, `val_images` ... (MedMNIST) or `x_train`, `y_train` ... (Keras). The only split is named
    "whole" if the file has arrays `images` and `labels`, or `x` and `y`.

    Raises:
        DataError: the file cannot be read, or it has none of these arrays.
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
