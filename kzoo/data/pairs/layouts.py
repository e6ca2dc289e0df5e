"""File layouts of the published sets of pairs: how each layout is recognised in a folder and read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kzoo.data.pairs.pair_set import PairSplit
from kzoo.data.pairs.splits import Splits, draw_splits
from kzoo.data.row_filter import Pair, RowFilter, UnusableRow
from kzoo.data.rows import Row, read_lines, read_tsv
from kzoo.data.tokens import TokenKind, normalise


@dataclass(frozen=True)
class PairOptions:
    """The options for reading a set of pairs.

    `max_length` is the most tokens in a source or a target. `seed` draws the splits of a file without splits.
    `stress` keeps the stress digits of cmudict's vowels. `tokens` are the kinds of tokens in the user's own
    columns.
    """

    max_length: int | None
    seed: int
    stress: bool = False
    tokens: tuple[TokenKind, TokenKind] = ("characters", "characters")


class PairLayout(Protocol):
    """A file layout of a set of pairs."""

    def found(self, folder: Path) -> list[Path]:
        """Return the files of this layout in `folder`, an empty list if there are none."""

    def read(self, folder: Path, options: PairOptions) -> tuple[Splits, RowFilter]:
        """Read the splits by name and the rows left out. Raises DataError for a missing or damaged file."""


@dataclass(frozen=True)
class SplitFiles:
    """One file of tab-separated rows for each split."""

    names: dict[str, str]
    to_pair: Callable[[Row], Pair]

    def found(self, folder: Path) -> list[Path]:
        return _files(folder, self.names.values())

    def read(self, folder: Path, options: PairOptions) -> tuple[Splits, RowFilter]:
        row_filter = RowFilter(options.max_length)
        splits = {
            split: PairSplit.of(row_filter.select(read_tsv(folder / name), self.to_pair))
            for split, name in self.names.items()
        }
        return splits, row_filter


@dataclass(frozen=True)
class OneTable:
    """One file of tab-separated rows, split by a seed in the proportion of `sizes`, without repeated pairs.

    All pairs are used, or exactly the numbers in `sizes` if `cut` is True and the file has enough pairs.
    """

    name: str
    to_pair: Callable[[Row], Pair]
    sizes: tuple[int, int, int]
    cut: bool

    def found(self, folder: Path) -> list[Path]:
        return _files(folder, [self.name])

    def read(self, folder: Path, options: PairOptions) -> tuple[Splits, RowFilter]:
        row_filter = RowFilter(options.max_length, distinct=True)
        pairs = row_filter.select(read_tsv(folder / self.name), self.to_pair)
        total, share = sum(self.sizes), len(pairs) / sum(self.sizes)
        validation, test = (max(1, round(size * share)) for size in self.sizes[1:])
        sizes = self.sizes if self.cut and len(pairs) >= total else (None, validation, test)
        return draw_splits(pairs, sizes, options.seed, folder / self.name, row_filter), row_filter


@dataclass(frozen=True)
class Dictionary:
    """The CMU Pronouncing Dictionary: `word P H O1 N Z # remark`, `word(2)` for another pronunciation.

    `held_out` words each are drawn for validation and for testing, but at most a tenth of all words each.
    """

    name: str
    held_out: int

    def found(self, folder: Path) -> list[Path]:
        return _files(folder, [self.name])

    def read(self, folder: Path, options: PairOptions) -> tuple[Splits, RowFilter]:
        row_filter = RowFilter(options.max_length, distinct=True)
        path = folder / self.name
        pairs = row_filter.select(read_lines(path), lambda row: _pronunciation(row, options.stress))
        held_out = min(self.held_out, max(1, len(pairs) // 10))
        return draw_splits(pairs, (None, held_out, held_out), options.seed, path, row_filter), row_filter


def _files(folder: Path, names: Iterable[str]) -> list[Path]:
    return [path for name in names if (path := folder / name).is_file()]


def _sentences(row: Row) -> Pair:
    """Normalise both sides. The loader of the reports does so too, although its files are normalised already.

    In these files 2,063 sources begin with a space that replaced an inverted mark. The loader strips it, so
    no model was trained on it.
    """
    english, spanish = row.take(2, "English TAB Spanish", exact=False)
    return tuple(normalise(spanish)), tuple(normalise(english))


def _phones_and_word(row: Row) -> Pair:
    phones, word = row.take(2, "phones TAB word")
    return tuple(phones.split()), tuple(word)


def _word_and_phones(row: Row) -> Pair:
    word, phones = row.take(2, "word TAB phones")
    return tuple(phones.split()), tuple(word)


def _pronunciation(row: Row, stress: bool) -> Pair:
    """Return the phones and the word of an entry, without its remark and, unless `stress`, without digits."""
    word, *phones = row.columns[0].partition("#")[0].split() or [""]
    if word.endswith(")"):
        raise UnusableRow("another pronunciation of a word")
    if re.search("[^a-z'-]", word):
        raise UnusableRow("an abbreviation with a dot, or not a word")
    if not stress:
        phones = [phone.rstrip("012") for phone in phones]
    return tuple(phones), tuple(word)


PAIR_LAYOUTS: dict[str, tuple[PairLayout, ...]] = {
    "spa-eng": (
        SplitFiles(
            {"train": "train-eng-spa.txt", "validation": "val-eng-spa.txt", "test": "test-eng-spa.txt"},
            _sentences,
        ),
        OneTable("spa.txt", _sentences, (10_483, 1_000, 1_000), cut=False),
    ),
    "wikipron-eng": (
        SplitFiles({"train": "train.tsv", "validation": "valid.tsv", "test": "test.tsv"}, _phones_and_word),
        OneTable("eng_latn_us_broad.tsv", _word_and_phones, (10_000, 1_000, 1_000), cut=True),
    ),
    "cmudict": (Dictionary("cmudict.dict", held_out=1_000),),
}
"""The layouts of each published set, tried in this order."""
