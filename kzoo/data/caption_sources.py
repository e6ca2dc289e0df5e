"""Captioned images loaded by their name or path: published, drawn by kzoo, or the user's own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kzoo.data.caption_cards import CAPTION_SETS, CAPTION_STAND_INS
from kzoo.data.caption_layouts import CAPTION_LAYOUTS, OWN_FILE, KarpathyFolder
from kzoo.data.captions import CaptionSet
from kzoo.data.origin import Origin
from kzoo.data.places import find, not_found
from kzoo.data.splits import SPLIT_SEED
from kzoo.errors import DataError, UsageError
from kzoo.names import suggestion


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
            Karpathy's layout, or of a folder that holds it as `dataset.json` (a name wins over a path; write
            `./rsicd` for the path). The images are in the folder `images/` beside it, or beside it.
        data_dir: the folder that holds the set, or its parent; see `kzoo.data.places`.
        stand_in: take this in place of a published set, even where that is found; by default the stand-in of
            its card, where it is not.
        require_data: refuse a stand-in.
        max_length: the longest caption in words; a longer one is left out and counted.
        min_count: how often a word must be in the captions of the training split to be known; by default
            the number on the set's card, and 1 for the user's own.
        seed: draws the stand-in, and the splits of the user's own file where it has none.

    Raises:
        UsageError: an unknown name, or an option that does not fit the set.
        DataError: the set is required and not found, or a file of it is missing or damaged.
    """
    name = str(name_or_path)
    _check_options(max_length, min_count, seed)
    is_known = isinstance(name_or_path, str) and name in {*CAPTION_SETS, *CAPTION_STAND_INS}
    if is_known and name in CAPTION_STAND_INS:
        if require_data:
            raise DataError(f"{name} is a stand-in that kzoo draws, and real data is required")
        return _draw(max_length, min_count, seed)
    if is_known:
        card = CAPTION_SETS[name]
        folder = None if stand_in else find(name, data_dir)
        if folder is not None:
            layout = next(layout for layout in CAPTION_LAYOUTS[name] if layout.found(folder))
            return _read(layout, folder, name, max_length, min_count or card.min_count, seed)
        if require_data:
            raise not_found(card, data_dir)
        instead = stand_in or card.stand_in
        caption_set = load_caption_set(
            instead, data_dir=data_dir, max_length=max_length, min_count=min_count, seed=seed
        )
        return replace(caption_set, origin=replace(caption_set.origin, stand_in=True))
    path = Path(name)
    if path.is_dir():
        return _read(KarpathyFolder(), path, path.name, max_length, min_count or 1, seed)
    if path.exists():
        return _read(KarpathyFolder((path.name,)), path.parent, path.name, max_length, min_count or 1, seed)
    known = [*CAPTION_SETS, *CAPTION_STAND_INS]
    raise UsageError(f"no set of captions, folder or JSON file is called {name!r}; {suggestion(name, known)}")


def holds_captions(path: Path) -> bool:
    """Whether a path of the user's own can only be that of captioned images."""
    return path.suffix.lower() == ".json" or (path / OWN_FILE).is_file()


def _check_options(max_length: int | None, min_count: int | None, seed: int) -> None:
    if max_length is not None and max_length < 1:
        raise UsageError(f"captions cannot be {max_length} words long; expected 1 or more")
    if min_count is not None and min_count < 1:
        raise UsageError(f"words cannot be known from {min_count} captions; expected 1 or more")
    if seed < 0:
        raise UsageError(f"captioned images cannot be drawn with seed {seed}; expected 0 or more")


def _draw(max_length: int | None, min_count: int | None, seed: int) -> CaptionSet:
    from kzoo.data.standins.captioned_scenes import draw_caption_set

    caption_set = draw_caption_set(seed)
    if max_length is not None and max_length < caption_set.longest:
        raise UsageError(
            f"{caption_set.origin.name} has captions of up to {caption_set.longest} words, more than "
            f"{max_length}; allow {caption_set.longest}"
        )
    return replace(caption_set, min_count=min_count or 1)


def _read(
    layout: KarpathyFolder, folder: Path, name: str, max_length: int | None, min_count: int, seed: int
) -> CaptionSet:
    splits, dropped = layout.read(folder, max_length=max_length, seed=seed)
    return CaptionSet(
        **splits, origin=Origin(name, str(folder), stand_in=False), dropped=dropped, min_count=min_count
    )
