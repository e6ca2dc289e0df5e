"""Loading of a set of captioned images by name or path."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from kzoo.data.captions.caption_set import CaptionSet
from kzoo.data.captions.cards import CAPTION_SETS, CAPTION_STAND_INS, CaptionSetCard
from kzoo.data.captions.layouts import CAPTION_LAYOUTS, OWN_FILE, KarpathyFolder
from kzoo.data.load import SetKind, find_layout, load
from kzoo.data.origin import Origin
from kzoo.data.splits import SPLIT_SEED
from kzoo.errors import UsageError


@dataclass(frozen=True)
class CaptionOptions:
    """The options of `load_caption_set` that determine which captions and splits are read."""

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
    """Load a set of captioned images: a published set, a stand-in drawn by kzoo, or the user's own.

    Args:
        name_or_path: a set of the catalogue, "captioned-scenes", the path of the user's own JSON file in
            Karpathy's layout, or the path of a folder that holds this file as `dataset.json`. The images
            are in a folder `images/` beside the JSON file, or directly beside it.
        data_dir, stand_in, require_data: see `kzoo.data.load.load`.
        max_length: the most words in a caption. Longer captions are left out and counted.
        min_count: the least number of times that a word must occur in the training captions to be in the
            vocabulary. The default is the number on the card of the set, or 1 for the user's own set.
        seed: the seed of the stand-in, and of the random splits of a user's file without splits.

    Raises:
        UsageError: the name is unknown, or an option does not fit the set.
        DataError: the set is required and not found, or one of its files is missing or damaged.
    """
    if max_length is not None and max_length < 1:
        raise UsageError(f"captions cannot be {max_length} words long; expected 1 or more")
    if min_count is not None and min_count < 1:
        raise UsageError(f"min_count cannot be {min_count}; expected 1 or more")
    if seed < 0:
        raise UsageError(f"captioned images cannot be drawn with seed {seed}; expected 0 or more")
    options = CaptionOptions(max_length, min_count, seed)
    return load(_KIND, name_or_path, options, data_dir=data_dir, stand_in=stand_in, require_data=require_data)


def holds_captions(path: Path) -> bool:
    """Return whether a user's path is a JSON file or a folder that holds `dataset.json`."""
    return path.suffix.lower() == ".json" or (path / OWN_FILE).is_file()


def _read(card: CaptionSetCard, folder: Path, options: CaptionOptions) -> CaptionSet:
    layout = find_layout(CAPTION_LAYOUTS[card.name], card, folder)
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
