"""Selection of the usable rows of a file, with a record of every row that is left out."""

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
"""The token sequences of a row: two for a pair, one for a caption."""

NAMED = 5
"""How many left-out rows are listed for each reason."""


class UnusableRow(Exception):
    """Raised for a row that is left out. The message is the reason."""


@dataclass(frozen=True)
class DroppedRow:
    """A row that was left out, with its place and the reason."""

    file: str
    line: int | str
    reason: str
    noun: Noun = "row"


@dataclass(frozen=True)
class DroppedRows:
    """The number of rows left out for each reason, and the first few rows of each."""

    counts: dict[str, int]
    first: tuple[DroppedRow, ...]

    def lines(self) -> list[str]:
        """Return a line for each reason, such as `3 rows left out, empty: a.tsv line 3, 9, b.tsv line 2`."""
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
    """A filter that drops examples that are empty, too long or, if `distinct`, repeated."""

    def __init__(self, max_length: int | None = None, *, distinct: bool = False) -> None:
        self._max_length = max_length
        self._seen: set[tuple[Tokens, ...]] | None = set() if distinct else None
        self._counts: Counter[str] = Counter()
        self._first: list[DroppedRow] = []

    @property
    def dropped(self) -> DroppedRows:
        """The rows left out so far."""
        return DroppedRows(dict(self._counts), tuple(self._first))

    def select(self, rows: Iterable[Row], to_example: Callable[[Row], Example]) -> list[Example]:
        """Return the examples of the usable rows, in order.

        `to_example` raises UnusableRow for a row to leave out, and DataError for a row that makes the whole
        file unusable.
        """
        examples = []
        for row in rows:
            try:
                examples.append(self._check(row, to_example))
            except UnusableRow as unusable:
                self.drop(row, str(unusable))
        return examples

    def drop(self, row: Row, reason: str) -> None:
        """Record that a row is left out for this reason."""
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
