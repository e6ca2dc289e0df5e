"""Spoken texts loaded by their name or path: published, made by kzoo, or the user's own."""

from __future__ import annotations

from pathlib import Path

from kzoo.data.load import SetKind, load
from kzoo.data.origin import Origin
from kzoo.data.speech.audio import sample_rate
from kzoo.data.speech.cards import MAX_LENGTH, SPEECH_SETS, SPEECH_STAND_INS, SpeechSetCard
from kzoo.data.speech.layouts import SPEECH_LAYOUTS, LjFiles, SpeechLayout, SpeechOptions
from kzoo.data.speech.speech_set import SpeechSet, SpeechSplit
from kzoo.data.splits import SPLIT_SEED
from kzoo.data.standins import tones
from kzoo.errors import DataError, UsageError

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
            LJ Speech, see `kzoo.data.speech.layouts.LjFiles`; its clips may have any sample rate, and are
            heard at that of the first, `HIGHEST_RATE` at most.
        data_dir, stand_in, require_data: see `kzoo.data.load.load`.
        max_length: the longest text in characters, 97 by default as in R004; a longer one is left out and
            counted, except that lj-speech cuts it, as R004 did.
        seed: draws the stand-in, and the validation split of a set whose `splits.csv` names none.

    Raises:
        UsageError: an unknown name, or an option that does not fit the set.
        DataError: the set is required and not found, or a file of it is missing or damaged.
        MissingExtraError: the user's own set is read without the extra `speech`.
    """
    if max_length is not None and max_length < 1:
        raise UsageError(f"texts cannot be {max_length} characters long; expected 1 or more")
    if seed < 0:
        raise UsageError(f"spoken texts cannot be drawn with seed {seed}; expected 0 or more")
    options = SpeechOptions(max_length, seed)
    return load(_KIND, name_or_path, options, data_dir=data_dir, stand_in=stand_in, require_data=require_data)


def holds_speech(path: Path) -> bool:
    """Whether a path of the user's own is a folder of spoken texts."""
    return bool(LjFiles().found(path))


def _read(card: SpeechSetCard, folder: Path, options: SpeechOptions) -> SpeechSet:
    layout = next(layout for layout in SPEECH_LAYOUTS[card.name] if layout.found(folder))
    limit = SpeechOptions(options.max_length or card.max_length, options.seed, cut=card.cut)
    return _read_folder(layout, folder, card.name, limit, card.rate)


def _make(stand_in: str, options: SpeechOptions) -> SpeechSet:
    return tones.make_speech_set(options.seed, options.max_length or tones.LONGEST)


def _read_own(path: Path, options: SpeechOptions) -> SpeechSet:
    if not holds_speech(path):
        raise DataError(f"{path} holds no spoken texts: expected a folder with metadata.csv and wavs")
    limit = SpeechOptions(options.max_length or MAX_LENGTH, options.seed)
    return _read_folder(LjFiles(), path, path.name, limit)


def _read_folder(
    layout: SpeechLayout, folder: Path, name: str, options: SpeechOptions, rate: int | None = None
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


_KIND = SetKind("set of spoken texts and no folder", SPEECH_SETS, SPEECH_STAND_INS, _read, _make, _read_own)
