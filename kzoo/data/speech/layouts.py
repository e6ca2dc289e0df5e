"""File layouts of speech sets: how each layout is recognised in a folder and read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kzoo.data.errors import unreadable
from kzoo.data.row_filter import DroppedRows, Pair, RowFilter, UnusableRow
from kzoo.data.rows import Row, read_columns, read_csv, read_lines
from kzoo.data.speech.speech_set import SpeechSplit, Utterance, characters
from kzoo.data.splits import grouped_split
from kzoo.errors import DataError

_SIZES = {"train": 9_825, "validation": 655, "test": 2_620}
"""The sizes of R004's splits of LJ Speech by position. Other sets are split in the same proportion."""

_SUFFIXES = (".wav", ".flac", ".sph")

Parse = Callable[[Row], tuple[str, str]]
"""A function that returns the name of a row's clip and its text."""


@dataclass(frozen=True)
class SpeechOptions:
    """The options for reading a speech set.

    A text of more than `max_length` characters is truncated if `cut`, otherwise left out. `seed` draws the
    validation split of a set that has none.
    """

    max_length: int | None
    seed: int
    cut: bool = False


class SpeechLayout(Protocol):
    """A file layout of a speech set."""

    def found(self, folder: Path) -> list[Path]:
        """Return the files and folders of this layout in `folder`, an empty list if there are none."""

    def read(self, folder: Path, options: SpeechOptions) -> tuple[dict[str, SpeechSplit], DroppedRows]:
        """Read the splits by name and the rows left out. Raises DataError for a missing or damaged file."""


@dataclass(frozen=True)
class LjFiles:
    """The layout of LJ Speech: a file `metadata.csv` and the clips `wavs/<id>.wav`.

    The rows of `metadata.csv` are `id|text|normalised text` or `id|text`. The clips may also be FLAC.

    An optional `splits.csv`, with the header `id,split`, assigns each clip to train, validation or test.
    Without this file the clips are split by position. If it assigns no clip to validation, a tenth of the
    training clips is held out, by whole speakers.

    `subfolder` is the folder to which the official archive unpacks. `speaker_of` returns the speaker for the
    id of a clip.
    """

    subfolder: str = ""
    speaker_of: Callable[[str], str] = str

    def found(self, folder: Path) -> list[Path]:
        for root in (folder, folder / self.subfolder):
            if (root / "metadata.csv").is_file():
                paths = (root / name for name in ("metadata.csv", "splits.csv", "wavs"))
                return [path for path in paths if path.exists()]
        return []

    def read(self, folder: Path, options: SpeechOptions) -> tuple[dict[str, SpeechSplit], DroppedRows]:
        root = self.found(folder)[0].parent
        rows = list(read_columns(root / "metadata.csv", "|"))
        reader = _Reader(root / "wavs", options, _name_and_text)
        if not (root / "splits.csv").is_file():
            by_position = {name: reader.read(part) for name, part in _by_position(rows).items()}
            return _splits(by_position), reader.row_filter.dropped
        split_of = _read_splits(root / "splits.csv", {row.columns[0] for row in rows})
        parts: dict[str, list[Row]] = {name: [] for name in _SIZES}
        for row in rows:
            if row.columns[0] in split_of:
                parts[split_of[row.columns[0]]].append(row)
            else:
                reader.row_filter.drop(row, "empty" if row.is_blank else "not in any split")
        utterances = {name: reader.read(part) for name, part in parts.items()}
        if not parts["validation"]:
            utterances |= _hold_out(utterances["train"], self.speaker_of, options.seed)
        return _splits(utterances), reader.row_filter.dropped


@dataclass(frozen=True)
class An4Files:
    """The official layout of AN4: `an4/etc/an4_<split>.transcription` and NIST SPHERE files in `an4/wav`."""

    def found(self, folder: Path) -> list[Path]:
        names = ("etc/an4_train.transcription", "etc/an4_test.transcription", "wav")
        return [path for name in names if (path := folder / "an4" / name).exists()]

    def read(self, folder: Path, options: SpeechOptions) -> tuple[dict[str, SpeechSplit], DroppedRows]:
        reader = _Reader(folder / "an4" / "wav", options, _transcription)
        train, test = (
            reader.read(read_lines(folder / "an4" / "etc" / f"an4_{split}.transcription"))
            for split in ("train", "test")
        )
        return _splits(
            {**_hold_out(train, an4_speaker, options.seed), "test": test}
        ), reader.row_filter.dropped


def an4_speaker(name: str) -> str:
    """Return the speaker of an AN4 clip, such as `fash` for `an251-fash-b`."""
    return name.split("-")[1] if name.count("-") == 2 else name


class _Reader:
    """A reader that converts rows to utterances and uses each clip once."""

    def __init__(self, folder: Path, options: SpeechOptions, parse: Parse) -> None:
        self.row_filter = RowFilter(options.max_length)
        self._options, self._parse = options, parse
        self._folder, self._clips = folder, _clips(folder)
        self._seen: set[str] = set()

    def read(self, rows: Iterable[Row]) -> list[Utterance]:
        pairs = self.row_filter.select(rows, self._to_pair)
        return [(name, self._clips[name], text) for (name,), text in pairs]

    def _to_pair(self, row: Row) -> Pair:
        name, text = self._parse(row)
        if name not in self._clips:
            raise UnusableRow(f"no such clip in {self._folder.name}")
        if name in self._seen:
            raise UnusableRow("its clip is already used")
        self._seen.add(name)
        tokens = characters(text)
        return (name,), tokens[: self._options.max_length] if self._options.cut else tokens


def _clips(folder: Path) -> dict[str, Path]:
    """Return the audio files in a folder and its subfolders, by their names without the suffix."""
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder; expected a folder of clips")
    try:
        return {path.stem: path for path in sorted(folder.rglob("*")) if path.suffix.lower() in _SUFFIXES}
    except OSError as error:
        raise unreadable(folder, error) from error


def _name_and_text(row: Row) -> tuple[str, str]:
    name, *texts = row.take(2 if len(row.columns) == 2 else 3, "id|text or id|text|normalised text")
    return name, texts[-1]


def _transcription(row: Row) -> tuple[str, str]:
    match = re.fullmatch(r"\s*(?:<s>)?(.*?)(?:</s>)?\s*\(([^()]+)\)\s*", row.columns[0])
    if match is None:
        raise DataError(f"{row.file}, line {row.line}: expected a text and the name of its clip in brackets")
    text, name = match.groups()
    return name, text


def _read_splits(path: Path, names: set[str]) -> dict[str, str]:
    """Read the split of each clip from `splits.csv`. `names` are the names of clips in `metadata.csv`."""
    splits: dict[str, str] = {}
    for row in read_csv(path):
        if row.is_blank:
            continue
        name, split = row.take(2, "id,split")
        if not splits and (name, split) == ("id", "split"):
            continue
        if split not in _SIZES:
            raise DataError(
                f"{path}, line {row.line}: no split is called {split!r}; expected {', '.join(_SIZES)}"
            )
        if name not in names:
            raise DataError(f"{path}, line {row.line}: {name!r} is not in metadata.csv")
        if splits.setdefault(name, split) != split:
            raise DataError(f"{path}, line {row.line}: {name!r} is in {splits[name]} already")
    return splits


def _by_position(rows: list[Row]) -> dict[str, list[Row]]:
    """Split rows by position into train, validation and test, in this order and in R004's proportion."""
    validation, test = (
        max(1, round(len(rows) * _SIZES[split] / sum(_SIZES.values()))) for split in ("validation", "test")
    )
    train = max(0, len(rows) - validation - test)
    return {
        "train": rows[:train],
        "validation": rows[train : train + validation],
        "test": rows[train + validation :],
    }


def _hold_out(
    utterances: list[Utterance], speaker_of: Callable[[str], str], seed: int
) -> dict[str, list[Utterance]]:
    """Hold out about a tenth of the utterances for validation, by whole speakers."""
    speakers = [speaker_of(name) for name, _, _ in utterances]
    kept, held_out = grouped_split(speakers, max(1, len(utterances) // 10), seed)
    return {"train": [utterances[row] for row in kept], "validation": [utterances[row] for row in held_out]}


def _splits(utterances: dict[str, list[Utterance]]) -> dict[str, SpeechSplit]:
    return {name: SpeechSplit.of(utterances[name]) for name in _SIZES}


SPEECH_LAYOUTS: dict[str, tuple[SpeechLayout, ...]] = {
    "lj-speech": (LjFiles(subfolder="LJSpeech-1.1"),),
    "an4": (LjFiles(speaker_of=an4_speaker), An4Files()),
}
"""The layouts of each published set, tried in this order."""
