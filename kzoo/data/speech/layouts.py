"""How sets of spoken texts lie in a folder: which files show them there, and how these are read."""

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
"""R004's splits of LJ Speech, by position; other sets are split in their proportion."""

_SUFFIXES = (".wav", ".flac", ".sph")

Parse = Callable[[Row], tuple[str, str]]
"""The name of a row's clip and its text."""


@dataclass(frozen=True)
class SpeechOptions:
    """What reading spoken texts depends on.

    A text of more than `max_length` characters is cut to them if `cut`, else left out; `seed` draws the
    validation split of a set that has none.
    """

    max_length: int | None
    seed: int
    cut: bool = False


class SpeechLayout(Protocol):
    """One way in which a set of spoken texts lies in a folder."""

    def found(self, folder: Path) -> list[Path]:
        """The files and folders of this layout that are in `folder`; none if the set is not there."""

    def read(self, folder: Path, options: SpeechOptions) -> tuple[dict[str, SpeechSplit], DroppedRows]:
        """The splits by name, and what was left out. Raises DataError for a missing or damaged file."""


@dataclass(frozen=True)
class LjFiles:
    """LJ Speech's `metadata.csv`, rows of `id|text|normalised text` or `id|text`, and `wavs/<id>.wav`.

    The clips may be FLAC. `splits.csv`, rows of `id,split` under this heading, puts them into the splits
    train, validation and test; without it they are split by position. If it names no validation split, a
    tenth of the training clips is held out, by whole speakers.

    `subfolder` is where an archive unpacks to, `speaker_of` tells from an id who speaks.
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
                reader.row_filter.drop(row, "empty" if row.is_blank else "in no split")
        utterances = {name: reader.read(part) for name, part in parts.items()}
        if not parts["validation"]:
            utterances |= _hold_out(utterances["train"], self.speaker_of, options.seed)
        return _splits(utterances), reader.row_filter.dropped


@dataclass(frozen=True)
class An4Files:
    """The official AN4: `an4/etc/an4_<split>.transcription` and NIST SPHERE files below `an4/wav`."""

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
    """Who speaks in a clip of AN4: `fash` in `an251-fash-b`."""
    return name.split("-")[1] if name.count("-") == 2 else name


class _Reader:
    """Rows as utterances, each clip once."""

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
            raise UnusableRow("its clip is there already")
        self._seen.add(name)
        tokens = characters(text)
        return (name,), tokens[: self._options.max_length] if self._options.cut else tokens


def _clips(folder: Path) -> dict[str, Path]:
    """The sound files in a folder and below it, by their names without the suffix."""
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder; expected the clips in it")
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
    """The split of each clip named in `splits.csv`; `names` are those in `metadata.csv`."""
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
    """The first rows to train on, the next to validate, the last to test, in R004's proportion."""
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
    """Utterances to train on, and a tenth of them, or little more, by speakers of their own to validate."""
    speakers = [speaker_of(name) for name, _, _ in utterances]
    kept, held_out = grouped_split(speakers, max(1, len(utterances) // 10), seed)
    return {"train": [utterances[row] for row in kept], "validation": [utterances[row] for row in held_out]}


def _splits(utterances: dict[str, list[Utterance]]) -> dict[str, SpeechSplit]:
    return {name: SpeechSplit.of(utterances[name]) for name in _SIZES}


SPEECH_LAYOUTS: dict[str, tuple[SpeechLayout, ...]] = {
    "lj-speech": (LjFiles(subfolder="LJSpeech-1.1"),),
    "an4": (LjFiles(speaker_of=an4_speaker), An4Files()),
}
"""The layouts in which each published set is recognised, tried in this order."""
