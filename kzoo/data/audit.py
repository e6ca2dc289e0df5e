"""What is in an image set, against what is published about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kzoo.data.catalog import IMAGE_SETS, ImageSetCard
from kzoo.data.checksums import checksum_like
from kzoo.data.images import ImageSet, Split
from kzoo.data.published import files_of
from kzoo.data.sources import load_image_set

_OFFICIAL, _DIFFERS, _UNKNOWN = "official", "not the official file", "no published checksum"


@dataclass(frozen=True)
class FileCheck:
    """A file of a set. `state` is "official", "not the official file", or "no published checksum"."""

    path: str
    bytes: int
    checksum: str
    state: str


@dataclass(frozen=True)
class Audit:
    """What was found in a set. `differences` is empty if nothing published contradicts it."""

    name: str
    location: str
    image_shape: tuple[int, int, int]
    class_counts: dict[str, dict[str, int]]
    sizes: dict[str, int]
    published_sizes: dict[str, int] | None
    sha256: str
    files: tuple[FileCheck, ...]
    differences: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The audit in plain types."""
        return asdict(self)


def audit(
    name_or_path: str, data_dir: Path | None = None, image_shape: tuple[int, int, int] | None = None
) -> Audit:
    """Read a set from beginning to end and compare it with what is published.

    Args:
        name_or_path: as for `load_image_set`; a published set must be there.
        data_dir: as for `load_image_set`.
        image_shape: what photographs in the user's own folders are resized to.

    Raises:
        UsageError: an unknown name.
        DataError: the set is not found, or a file of it is damaged.
    """
    card = IMAGE_SETS.get(name_or_path)
    image_set = load_image_set(
        name_or_path, data_dir=data_dir, image_shape=image_shape, require_data=card is not None
    )
    files = _check_files(card, Path(image_set.origin.location)) if card else ()
    sizes = {name: len(split) for name, split in image_set.splits.items()}
    return Audit(
        name=image_set.origin.name,
        location=image_set.origin.location,
        image_shape=image_set.image_shape,
        class_counts={name: _count(split, image_set) for name, split in image_set.splits.items()},
        sizes=sizes,
        published_sizes=card.sizes if card else None,
        sha256=image_set.sha256(),
        files=files,
        differences=_differences(card, sizes, files),
    )


def _check_files(card: ImageSetCard, folder: Path) -> tuple[FileCheck, ...]:
    published = {remote.name: remote.checksum for remote in card.files}
    checks = []
    for path in files_of(card, folder):
        if path.is_file():
            expected = published.get(path.name)
            found = checksum_like(path, expected or "sha256:")
            state = _UNKNOWN if expected is None else _OFFICIAL if found == expected else _DIFFERS
            checks.append(FileCheck(str(path), path.stat().st_size, found, state))
    return tuple(checks)


def _count(split: Split, image_set: ImageSet) -> dict[str, int]:
    counts = np.bincount(split.labels, minlength=len(image_set.class_names)).tolist()
    return dict(zip(image_set.class_names, counts, strict=True))


def _differences(
    card: ImageSetCard | None, sizes: dict[str, int], files: tuple[FileCheck, ...]
) -> tuple[str, ...]:
    if card is None:
        return ()
    wrong_files = [f"{file.path} is {file.state}" for file in files if file.state == _DIFFERS]
    wrong_sizes = [
        f"there are {sizes[split]:,} {split} images, published are {published:,}"
        for split, published in card.sizes.items()
        if sizes[split] != published
    ]
    return (*wrong_files, *wrong_sizes)
