"""Spoken texts loaded by their name or path: published, made by kzoo, or the user's own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kzoo.data.audio import sample_rate
from kzoo.data.origin import Origin
from kzoo.data.places import find, not_found
from kzoo.data.speech import SpeechSet, SpeechSplit
from kzoo.data.speech_cards import MAX_LENGTH, SPEECH_SETS, SPEECH_STAND_INS
from kzoo.data.speech_layouts import SPEECH_LAYOUTS, LjFiles, SpeechLayout, SpeechOptions
from kzoo.data.splits import SPLIT_SEED
from kzoo.data.standins import tones
from kzoo.errors import DataError, UsageError
from kzoo.names import suggestion

HIGHEST_RATE = SPEECH_SETS["lj-speech"].rate
"""The samples a second at which a user's own clips are heard at most."""


def load_speech_set(
    name_or_path: str | Path,
    *,
    data_dir: Path | None = None,
    stand_in: str | None = None,
    require_data: bool = False,
    max_length: int | None = None,
    seed: int = SPLIT_SEED,
) -> SpeechSet:
    """Load a set of spoken texts: published, made by kzoo, or the user's own. No clip of a file is read yet.

    Args:
        name_or_path: a set of the catalogue, "tones", or the path of the user's own folder in the layout of
            LJ Speech (a name wins over a path; write `./an4` for the path), see
            `kzoo.data.speech_layouts.LjFiles`; its clips may have any sample rate, and are heard
            at that of the first, `HIGHEST_RATE` at most.
        data_dir: the folder that holds the set, or its parent; see `kzoo.data.places`.
        stand_in: take this in place of a published set, even where that is found; by default the stand-in of
            its card, where it is not.
        require_data: refuse a stand-in.
        max_length: the longest text in characters, 97 by default as in R004; a longer one is left out and
            counted, except that lj-speech cuts it, as R004 did.
        seed: draws the stand-in, and the validation split of a set whose `splits.csv` names none.

    Raises:
        UsageError: an unknown name, or an option that does not fit the set.
        DataError: the set is required and not found, or a file of it is missing or damaged.
        MissingExtraError: the user's own set is read without the extra `speech`.
    """
    name = str(name_or_path)
    if max_length is not None and max_length < 1:
        raise UsageError(f"texts cannot be {max_length} characters long; expected 1 or more")
    if seed < 0:
        raise UsageError(f"spoken texts cannot be drawn with seed {seed}; expected 0 or more")
    is_known = isinstance(name_or_path, str) and name in {*SPEECH_SETS, *SPEECH_STAND_INS}
    if is_known and name in SPEECH_STAND_INS:
        if require_data:
            raise DataError(f"{name} is a stand-in that kzoo makes, and real data is required")
        return tones.make_speech_set(seed, max_length or tones.LONGEST)
    if is_known:
        card = SPEECH_SETS[name]
        folder = None if stand_in else find(name, data_dir)
        if folder is not None:
            layout = next(layout for layout in SPEECH_LAYOUTS[name] if layout.found(folder))
            options = SpeechOptions(max_length or card.max_length, card.cut, seed)
            return _read(layout, folder, name, options, card.rate)
        instead = stand_in or card.stand_in
        if require_data or instead is None:
            raise not_found(card, data_dir)
        speech_set = load_speech_set(instead, data_dir=data_dir, max_length=max_length, seed=seed)
        return replace(speech_set, origin=replace(speech_set.origin, stand_in=True))
    path = Path(name)
    if holds_speech(path):
        return _read(LjFiles(), path, path.name, SpeechOptions(max_length or MAX_LENGTH, False, seed), None)
    if path.exists():
        raise DataError(f"{path} holds no spoken texts: expected a folder with metadata.csv and wavs")
    known = [*SPEECH_SETS, *SPEECH_STAND_INS]
    raise UsageError(f"no set of spoken texts and no folder is called {name!r}; {suggestion(name, known)}")


def holds_speech(path: Path) -> bool:
    """Whether a path of the user's own is a folder of spoken texts."""
    return bool(LjFiles().found(path))


def _read(
    layout: SpeechLayout, folder: Path, name: str, options: SpeechOptions, rate: int | None
) -> SpeechSet:
    """The set in a folder, at a rate of its own if None is given."""
    splits, dropped = layout.read(folder, options)
    for split_name, split in splits.items():
        if not len(split):
            lost = "; ".join(dropped.lines()) or "too few are there"
            raise DataError(f"{folder} holds no {split_name} clips that can be used: {lost}")
    origin = Origin(name, str(folder), stand_in=False)
    return SpeechSet(**splits, rate=rate or _rate(splits["train"]), origin=origin, dropped=dropped)


def _rate(split: SpeechSplit) -> int:
    """The sample rate of a split's first file, R004's at most: above it bands are empty, and clips cut."""
    return min(HIGHEST_RATE, next(sample_rate(clip) for clip in split.clips if isinstance(clip, Path)))
