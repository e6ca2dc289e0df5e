"""Readers of text files that yield rows with their line numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kzoo.data.errors import reason, regular, unreadable
from kzoo.errors import DataError

Noun = Literal["row", "caption", "image"]


@dataclass(frozen=True)
class Row:
    """A row of a file. Bytes that are not UTF-8 appear as lone surrogates in its columns.

    If the file is a list of images, its rows are the images and their captions. `noun` is then "image" or
    "caption", and `line` is the name of the image.
    """

    file: Path
    line: int | str
    columns: tuple[str, ...]
    noun: Noun = "row"

    @property
    def is_blank(self) -> bool:
        """Whether every column is empty or white space."""
        return not any(column.strip() for column in self.columns)

    @property
    def is_utf8(self) -> bool:
        """Whether all bytes of the row were valid UTF-8."""
        try:
            "".join(self.columns).encode()
        except UnicodeEncodeError:
            return False
        return True

    def take(self, count: int, expected: str, *, exact: bool = True) -> tuple[str, ...]:
        """Return the first `count` columns.

        Raises:
            DataError: there are fewer columns, or more if `exact`. It names the line and `expected`.
        """
        found = len(self.columns)
        if found < count or (exact and found > count):
            raise DataError(
                f"{self.file}, line {self.line}: {found} column{'s' * (found != 1)}, expected {expected}"
            )
        return self.columns[:count]


def read_lines(path: Path) -> Iterator[Row]:
    """Yield each line of a text file as a row of one column."""
    for number, line in enumerate(_open(path), 1):
        yield Row(path, number, (line.rstrip("\n"),))


def read_columns(path: Path, separator: str) -> Iterator[Row]:
    """Yield each line of a file, split into columns at `separator`. Quotes have no special meaning."""
    for row in read_lines(path):
        yield Row(path, row.line, tuple(row.columns[0].split(separator)))


def read_tsv(path: Path) -> Iterator[Row]:
    """Yield each line of a file, split into columns at tabs. Quotes have no special meaning."""
    return read_columns(path, "\t")


def read_csv(path: Path) -> Iterator[Row]:
    """Yield each row of a CSV file, whose columns may be enclosed in double quotes."""
    reader = csv.reader(_open(path), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            columns = next(reader, None)
        except csv.Error as error:
            raise DataError(f"{path}, line {line} is not CSV: {reason(error)}") from error
        if columns is None:
            return
        yield Row(path, line, tuple(columns))


def _open(path: Path) -> io.StringIO:
    try:
        content = regular(path).read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error
    return io.StringIO(content.decode("utf-8-sig", "surrogateescape"), newline=None)
