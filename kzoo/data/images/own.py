"""Reader of a user's own images: one folder for each class, or an npz file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kzoo.data.images.arrays import repeat_grey, shape_text, to_grey, to_split
from kzoo.data.images.folders import class_folders, read_class_folders
from kzoo.data.images.image_set import ImageSet, Split
from kzoo.data.images.npz import read_npz_splits
from kzoo.data.origin import Origin
from kzoo.data.splits import SPLITS, hold_out
from kzoo.errors import DataError

_FOLDERS = {"validation": "validation", "val": "validation", "valid": "validation", "test": "test"}
"""The names of folders beside `train`, mapped to the splits that they hold."""

Shape = tuple[int, int, int]


def read_own(path: Path, image_shape: Shape | None = None) -> ImageSet:
    """Read a user's own image set.

    A folder holds `train/`, `test/` and optionally `validation/` or `val/`, each with one folder of images
    for each class, or it holds the class folders directly. An npz file holds the arrays described in
    `read_npz_splits`. If there is no validation split, a tenth of the training images is held out, stratified
    by class. A set without any splits is split 80/10/10 in the same way.

    Args:
        path: the folder or the npz file.
        image_shape: `(height, width, channels)` of the model's input. Images in folders are resized to it.
            Images in an npz file must have this height and width; colour is converted to luma for one
            channel, and grey is repeated for three.

    Raises:
        DataError: the set cannot be used. The message names the file and the problem.
    """
    if path.is_dir():
        splits, class_names = _read_folder(path, image_shape)
    elif path.suffix == ".npz":
        splits, class_names = _read_npz(path, image_shape)
    else:
        raise DataError(f"{path} is neither a folder of images nor an npz file")
    if "whole" in splits:
        splits["train"], splits["test"] = _hold_out_tenth(splits["whole"], len(splits["whole"]), path)
    for name in ("train", "test"):
        if name not in splits:
            raise DataError(f"{path} holds no {name} images")
    shapes = {split.images.shape[1:] for split in splits.values()}
    if len(shapes) > 1:
        raise DataError(
            f"{path}: the images of its splits differ in shape: {', '.join(map(shape_text, shapes))}"
        )
    if "validation" not in splits:
        total = len(splits.get("whole", splits["train"]))
        splits["train"], splits["validation"] = _hold_out_tenth(splits["train"], total, path)
    origin = Origin(path.name, str(path), stand_in=False)
    train, validation, test = (splits[name] for name in SPLITS)
    return ImageSet(train, validation, test, class_names, origin=origin)


def _hold_out_tenth(split: Split, total: int, path: Path) -> tuple[Split, Split]:
    if len(split) < 2:
        raise DataError(f"{path} holds {total} training images, too few to split")
    return hold_out(split, max(1, total // 10))


def _read_folder(path: Path, image_shape: Shape | None) -> tuple[dict[str, Split], tuple[str, ...]]:
    inside = {folder.name: folder for folder in class_folders(path)}
    if "train" not in inside:
        images, labels, class_names = read_class_folders(path, image_shape)
        return {"whole": Split(images, labels)}, class_names
    images, labels, class_names = read_class_folders(inside.pop("train"), image_shape)
    splits = {"train": Split(images, labels)}
    for name, folder in inside.items():
        if name in _FOLDERS:
            images, labels, _ = read_class_folders(folder, image_shape, class_names)
            splits[_FOLDERS[name]] = Split(images, labels)
    return splits, class_names


def _read_npz(path: Path, image_shape: Shape | None) -> tuple[dict[str, Split], tuple[str, ...]]:
    arrays, class_names = read_npz_splits(path)
    if class_names is None:
        _, labels = arrays.get("whole") or arrays.get("train") or next(iter(arrays.values()))
        class_names = tuple(map(str, range(len(np.unique(labels)))))
    splits = {}
    for name, (images, labels) in arrays.items():
        where = f"{path} ({name})"
        split = to_split(images, labels, len(class_names), where)
        splits[name] = Split(_fit(split.images, image_shape, where), split.labels)
    return splits, class_names


def _fit(images: np.ndarray, image_shape: Shape | None, where: str) -> np.ndarray:
    shape = images.shape[1:]
    if image_shape is None or shape == image_shape:
        return images
    if shape[:2] != image_shape[:2]:
        raise DataError(f"{where}: images are {shape_text(shape)}, the model takes {shape_text(image_shape)}")
    return to_grey(images) if image_shape[2] == 1 else repeat_grey(images)
