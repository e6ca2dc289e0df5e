"""Rows that can be used, and a record of those that cannot: nothing is lost in silence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from kzoo.data.rows import Noun, Row
from kzoo.data.tokens import Tokens

Pair = tuple[Tokens, Tokens]
"""The tokens of a source and of its target."""

Example = TypeVar("Example", bound=tuple[Tokens, ...])
"""The token sequences of a row: those of a pair, or of a caption alone."""

NAMED = 5
"""How many of the rows that are left out for one reason are named."""


class UnusableRow(Exception):
    """A row that its set leaves out; the message is the reason."""


@dataclass(frozen=True)
class DroppedRow:
    """A row that was left out."""

    file: str
    line: int | str
    reason: str
    noun: Noun = "row"


@dataclass(frozen=True)
class DroppedRows:
    """How many rows were left out for each reason, and the first few of each."""

    counts: dict[str, int]
    first: tuple[DroppedRow, ...]

    def lines(self) -> list[str]:
        """A line for each reason, for instance `3 rows left out, empty: a.tsv line 3, 9, b.tsv line 2`."""
        return [self._line(reason, count) for reason, count in self.counts.items()]

    def _line(self, reason: str, count: int) -> str:
        rows = [row for row in self.first if row.reason == reason]
        lines: dict[str, dict[str, None]] = {}
        for row in rows:
            lines.setdefault(row.file, {})[str(row.line)] = None  # an image may lose several captions
        noun = rows[0].noun
        place = "line" if noun == "row" else "image"
        named = ", ".join(f"{file} {place} {', '.join(numbers)}" for file, numbers in lines.items())
        more = ", ..." if count > NAMED else ""
        return f"{count:,} {noun}{'s' * (count != 1)} left out, {reason}: {named}{more}"


class RowFilter:
    """Lets through the examples that are not empty, not too long and, if `distinct`, not there already."""

    def __init__(self, max_length: int | None = None, *, distinct: bool = False) -> None:
        self._max_length = max_length
        self._seen: set[tuple[Tokens, ...]] | None = set() if distinct else None
        self._counts: Counter[str] = Counter()
        self._first: list[DroppedRow] = []

    @property
    def dropped(self) -> DroppedRows:
        """What was left out so far."""
        return DroppedRows(dict(self._counts), tuple(self._first))

    def select(self, rows: Iterable[Row], to_example: Callable[[Row], Example]) -> list[Example]:
        """The examples of the rows that can be used, in their order.

        `to_example` raises UnusableRow for a row that is to be left out, DataError for one that spoils the
        file.
        """
        examples = []
        for row in rows:
            try:
                examples.append(self._check(row, to_example))
            except UnusableRow as unusable:
                self.drop(row, str(unusable))
        return examples

    def drop(self, row: Row, reason: str) -> None:
        """Leave out a row, counted and named under this reason."""
        self._counts[reason] += 1
        if self._counts[reason] <= NAMED:
            self._first.append(DroppedRow(str(row.file), row.line, reason, row.noun))

    def _check(self, row: Row, to_example: Callable[[Row], Example]) -> Example:
        if row.is_blank:
            raise UnusableRow("empty")
        if not row.is_utf8:
            raise UnusableRow("not UTF-8")
        example = to_example(row)
        if not all("".join(tokens).strip() for tokens in example):
            raise UnusableRow("empty")
        if self._max_length is not None and max(map(len, example)) > self._max_length:
            raise UnusableRow(f"longer than {self._max_length} tokens")
        if self._seen is not None:
            if example in self._seen:
                raise UnusableRow("repeated")
            self._seen.add(example)
        return example
