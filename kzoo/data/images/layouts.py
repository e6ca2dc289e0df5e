"""File layouts of the published image sets: how each layout is recognised in a folder and read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from kzoo.data.images.arrays import to_split
from kzoo.data.images.cards import ImageSetCard
from kzoo.data.images.folders import read_class_folders
from kzoo.data.images.idx import read_idx
from kzoo.data.images.image_set import Split
from kzoo.data.images.npz import read_npz, read_npz_splits
from kzoo.errors import DataError

_IDX = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
_KMNIST_NPZ = {
    "train": ("kmnist-train-imgs.npz", "kmnist-train-labels.npz"),
    "test": ("kmnist-test-imgs.npz", "kmnist-test-labels.npz"),
}


class Layout(Protocol):
    """A file layout of an image set."""

    def found(self, folder: Path) -> list[Path]:
        """Return the files and folders of this layout in `folder`, an empty list if there are none."""

    def read(self, folder: Path, card: ImageSetCard) -> dict[str, Split]:
        """Read the splits by name. Raises DataError if a file is missing, damaged or mislabelled."""


class IdxFiles:
    """The four IDX files of MNIST, compressed or not."""

    def found(self, folder: Path) -> list[Path]:
        paths = [self._path(folder, stem) for pair in _IDX.values() for stem in pair]
        return [path for path in paths if path.is_file()]

    def read(self, folder: Path, card: ImageSetCard) -> dict[str, Split]:
        splits = {}
        for name, stems in _IDX.items():
            images, labels = (self._path(folder, stem) for stem in stems)
            splits[name] = to_split(read_idx(images), read_idx(labels), len(card.class_names), str(images))
        return splits

    def _path(self, folder: Path, stem: str) -> Path:
        packed, unpacked = folder / f"{stem}.gz", folder / stem
        return unpacked if unpacked.is_file() and not packed.is_file() else packed


class KmnistNpz:
    """The four NumPy files of Kuzushiji-MNIST, each with the array `arr_0`."""

    def found(self, folder: Path) -> list[Path]:
        paths = [folder / file for pair in _KMNIST_NPZ.values() for file in pair]
        return [path for path in paths if path.is_file()]

    def read(self, folder: Path, card: ImageSetCard) -> dict[str, Split]:
        splits = {}
        for name, (images, labels) in _KMNIST_NPZ.items():
            arrays = self._array(folder / images), self._array(folder / labels)
            splits[name] = to_split(*arrays, len(card.class_names), str(folder / images))
        return splits

    def _array(self, path: Path) -> np.ndarray:
        arrays = read_npz(path)
        if "arr_0" not in arrays:
            raise DataError(f"{path} holds {', '.join(arrays) or 'no arrays'}; expected arr_0")
        return arrays["arr_0"]


@dataclass(frozen=True)
class OneNpz:
    """One npz file that matches `pattern` and holds all splits."""

    pattern: str

    def found(self, folder: Path) -> list[Path]:
        return sorted(path for path in folder.glob(self.pattern) if not path.name.startswith("."))

    def read(self, folder: Path, card: ImageSetCard) -> dict[str, Split]:
        path, *others = self.found(folder)
        if others:
            raise DataError(
                f"{folder} holds {path.name} and {', '.join(p.name for p in others)}; keep one of them"
            )
        splits, class_names = read_npz_splits(path)
        if class_names not in (None, card.class_names):
            raise DataError(
                f"{path} is mislabelled: its classes are {class_names}, expected {card.class_names}"
            )
        return {
            name: to_split(images, labels, len(card.class_names), f"{path} ({name})")
            for name, (images, labels) in splits.items()
        }


class KaggleFolders:
    """Kaggle's folders `seg_train/seg_train/<class>/*.jpg` and `seg_test/seg_test/<class>/*.jpg`."""

    def found(self, folder: Path) -> list[Path]:
        return [path for name in ("seg_train", "seg_test") if (path := folder / name).is_dir()]

    def read(self, folder: Path, card: ImageSetCard) -> dict[str, Split]:
        splits = {}
        for name in ("train", "test"):
            outer = folder / f"seg_{name}"
            inner = outer / outer.name
            classes = inner if inner.is_dir() else outer
            images, labels, _ = read_class_folders(classes, card.image_shape, card.class_names)
            splits[name] = Split(images, labels)
        return splits


LAYOUTS: dict[str, tuple[Layout, ...]] = {
    "fashion-mnist": (IdxFiles(),),
    "mnist": (IdxFiles(),),
    "kmnist": (IdxFiles(), KmnistNpz()),
    "octmnist": (OneNpz("octmnist.npz"),),
    "intel-scenes": (OneNpz("*.npz"), KaggleFolders()),
}
"""The layouts of each published set, tried in this order."""
