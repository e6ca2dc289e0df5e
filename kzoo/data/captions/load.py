"""Captioned images loaded by their name or path: published, drawn by kzoo, or the user's own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from kzoo.data.captions.caption_set import CaptionSet
from kzoo.data.captions.cards import CAPTION_SETS, CAPTION_STAND_INS, CaptionSetCard
from kzoo.data.captions.layouts import CAPTION_LAYOUTS, OWN_FILE, KarpathyFolder
from kzoo.data.load import SetKind, load
from kzoo.data.origin import Origin
from kzoo.data.splits import SPLIT_SEED
from kzoo.errors import UsageError


@dataclass(frozen=True)
class CaptionOptions:
    """The arguments of `load_caption_set` that say what is read, and how."""

    max_length: int | None
    min_count: int | None
    seed: int


def load_caption_set(
    name_or_path: str | Path,
    *,
    data_dir: Path | None = None,
    stand_in: str | None = None,
    require_data: bool = False,
    max_length: int | None = None,
    min_count: int | None = None,
    seed: int = SPLIT_SEED,
) -> CaptionSet:
    """Load a set of captioned images: published, drawn by kzoo, or the user's own.

    Args:
        name_or_path: a set of the catalogue, "captioned-scenes", or the path of the user's own JSON file in
            Karpathy's layout, or of a folder that holds it as `dataset.json`. The images are in the folder
            `images/` beside it, or beside it.
        data_dir, stand_in, require_data: see `kzoo.data.load.load`.
        max_length: the longest caption in words; a longer one is left out and counted.
        min_count: how often a word must be in the captions of the training split to be known; by default
            the number on the set's card, and 1 for the user's own.
        seed: draws the stand-in, and the splits of the user's own file where it has none.

    Raises:
        UsageError: an unknown name, or an option that does not fit the set.
        DataError: the set is required and not found, or a file of it is missing or damaged.
    """
    if max_length is not None and max_length < 1:
        raise UsageError(f"captions cannot be {max_length} words long; expected 1 or more")
    if min_count is not None and min_count < 1:
        raise UsageError(f"words cannot be known from {min_count} captions; expected 1 or more")
    if seed < 0:
        raise UsageError(f"captioned images cannot be drawn with seed {seed}; expected 0 or more")
    options = CaptionOptions(max_length, min_count, seed)
    return load(_KIND, name_or_path, options, data_dir=data_dir, stand_in=stand_in, require_data=require_data)


def holds_captions(path: Path) -> bool:
    """Whether a path of the user's own can only be that of captioned images."""
    return path.suffix.lower() == ".json" or (path / OWN_FILE).is_file()


def _read(card: CaptionSetCard, folder: Path, options: CaptionOptions) -> CaptionSet:
    layout = next(layout for layout in CAPTION_LAYOUTS[card.name] if layout.found(folder))
    return _read_folder(layout, folder, card.name, options, card.min_count)


def _draw(stand_in: str, options: CaptionOptions) -> CaptionSet:
    from kzoo.data.standins.captioned_scenes import draw_caption_set

    caption_set = draw_caption_set(options.seed)
    if options.max_length is not None and options.max_length < caption_set.longest:
        raise UsageError(
            f"{stand_in} has captions of up to {caption_set.longest} words, more than "
            f"{options.max_length}; allow {caption_set.longest}"
        )
    return replace(caption_set, min_count=options.min_count or 1)


def _read_own(path: Path, options: CaptionOptions) -> CaptionSet:
    if path.is_dir():
        return _read_folder(KarpathyFolder(), path, path.name, options)
    return _read_folder(KarpathyFolder((path.name,)), path.parent, path.name, options)


def _read_folder(
    layout: KarpathyFolder, folder: Path, name: str, options: CaptionOptions, min_count: int = 1
) -> CaptionSet:
    splits, dropped = layout.read(folder, max_length=options.max_length, seed=options.seed)
    origin = Origin(name, str(folder), stand_in=False)
    return CaptionSet(**splits, origin=origin, dropped=dropped, min_count=options.min_count or min_count)


_KIND = SetKind(
    "set of captions, folder or JSON file", CAPTION_SETS, CAPTION_STAND_INS, _read, _draw, _read_own
)
