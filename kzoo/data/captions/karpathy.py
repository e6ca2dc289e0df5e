"""Reader of captions in Karpathy's JSON, a list of images with their file names, splits and sentences."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ValidationError, model_validator

from kzoo.data.captions.caption_set import CaptionedImage, CaptionSplit
from kzoo.data.errors import reason, regular, unreadable
from kzoo.data.row_filter import DroppedRows, RowFilter
from kzoo.data.rows import Row
from kzoo.data.splits import SPLITS, random_split
from kzoo.data.tokens import Tokens, caption_words
from kzoo.errors import DataError

NAMES = {
    "train": "train",
    "restval": "train",
    "val": "validation",
    "validation": "validation",
    "test": "test",
}
"""Karpathy's split names mapped to ours. `restval` are COCO validation images that are used for training."""


class _Sentence(BaseModel):
    tokens: list[str] | None = None
    raw: str | None = None

    @model_validator(mode="after")
    def _has_words(self) -> _Sentence:
        if self.tokens is None and self.raw is None:
            raise ValueError("a sentence has neither tokens nor raw")
        return self

    @property
    def words(self) -> list[str]:
        return (self.raw or "").split() if self.tokens is None else self.tokens


class _Image(BaseModel):
    filename: str
    sentences: list[_Sentence]
    split: str | None = None


class _File(BaseModel):
    images: list[_Image]


def read_karpathy(
    path: Path, image_folder: Path, *, max_length: int | None, seed: int
) -> tuple[dict[str, CaptionSplit], DroppedRows]:
    """Read a JSON file `{"images": [{"filename", "split", "sentences": [{"tokens", "raw"}]}]}`.

    The words of a caption are its `tokens`, or its `raw` text split at spaces if it has none, cleaned by
    `caption_words`. A caption that is empty or too long is left out and counted. So is an image that has no
    caption left, is named twice or has an unknown split. If no image has a split, the images are split
    80/10/10 at random.

    Args:
        path: the JSON file.
        image_folder: the folder of the image files that the JSON file names.
        max_length: the most words in a caption, None for no limit.
        seed: the seed of the random splits.

    Returns:
        The splits by name, and the rows that were left out.

    Raises:
        DataError: the file is missing, damaged or of another format, an image file is missing, or a split has
            no usable image.
    """
    images = _parse(path)
    row_filter = RowFilter(max_length)
    captioned = list(_select(images, path, image_folder, row_filter))
    if any(image.split is not None for image in images):
        chosen = _by_split(captioned, path, row_filter)
    else:
        chosen = _draw([example for _, example in captioned], seed)
    _check(chosen, path, row_filter)
    return {name: CaptionSplit.of(examples) for name, examples in chosen.items()}, row_filter.dropped


def _parse(path: Path) -> list[_Image]:
    try:
        return _File.model_validate_json(regular(path).read_bytes()).images
    except OSError as error:
        raise unreadable(path, error) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise DataError(f"{path} is not a list of captions, {where}: {reason(first['msg'])}") from error


def _select(
    images: list[_Image], path: Path, folder: Path, row_filter: RowFilter
) -> Iterator[tuple[str | None, CaptionedImage]]:
    """Yield the split name and the captioned image for each usable image."""
    seen: set[str] = set()
    for image in images:
        name = image.filename
        rows = (Row(path, name, tuple(sentence.words), "caption") for sentence in image.sentences)
        captions = tuple(words for (words,) in row_filter.select(rows, _to_caption))
        if name in seen or not captions:
            row_filter.drop(
                Row(path, name, (), "image"), "named twice" if name in seen else "without captions"
            )
        else:
            yield image.split, (name, folder / name, captions)
        seen.add(name)


def _to_caption(row: Row) -> tuple[Tokens]:
    return (caption_words(row.columns),)


def _by_split(
    captioned: list[tuple[str | None, CaptionedImage]], path: Path, row_filter: RowFilter
) -> dict[str, list[CaptionedImage]]:
    chosen: dict[str, list[CaptionedImage]] = {name: [] for name in SPLITS}
    for split, example in captioned:
        if split in NAMES:
            chosen[NAMES[split]].append(example)
        else:
            why = "without a split" if split is None else f"of the unknown split {split!r}"
            row_filter.drop(Row(path, example[0], (), "image"), why)
    return chosen


def _draw(examples: list[CaptionedImage], seed: int) -> dict[str, list[CaptionedImage]]:
    tenth = min(max(1, len(examples) // 10), len(examples) // 2)
    rows = random_split(len(examples), (len(examples) - 2 * tenth, tenth, tenth), seed)
    return {name: [examples[row] for row in chosen] for name, chosen in zip(SPLITS, rows, strict=True)}


def _check(splits: dict[str, list[CaptionedImage]], path: Path, row_filter: RowFilter) -> None:
    for name, examples in splits.items():
        if not examples:
            lost = "; ".join(row_filter.dropped.lines())
            raise DataError(f"{path} holds no {name} images" + (f": {lost}" if lost else ""))
    files = [image for examples in splits.values() for _, image, _ in examples]
    missing = [file for file in files if isinstance(file, Path) and not file.is_file()]
    if missing:
        others = f", nor do {len(missing) - 1:,} other images of {path.name}" if len(missing) > 1 else ""
        raise DataError(f"{missing[0]} does not exist{others}")
