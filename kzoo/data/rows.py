"""The rows of a text file, with the lines they stand on."""

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
    """A row of a file. Bytes that are not UTF-8 are lone surrogates in its columns.

    Where the file is a list of images, its images and their captions are its rows: their `noun` says so, and
    `line` is the name of the image.
    """

    file: Path
    line: int | str
    columns: tuple[str, ...]
    noun: Noun = "row"

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing in any column."""
        return not any(column.strip() for column in self.columns)

    @property
    def is_utf8(self) -> bool:
        """Whether the row could be decoded."""
        try:
            "".join(self.columns).encode()
        except UnicodeEncodeError:
            return False
        return True

    def take(self, count: int, expected: str, *, exact: bool = True) -> tuple[str, ...]:
        """The first `count` columns.

        Raises:
            DataError: there are fewer, or others where `exact`; it names the line and what is `expected`.
        """
        found = len(self.columns)
        if found < count or (exact and found > count):
            raise DataError(
                f"{self.file}, line {self.line}: {found} column{'s' * (found != 1)}, expected {expected}"
            )
        return self.columns[:count]


def read_lines(path: Path) -> Iterator[Row]:
    """Each line of a text file as a row of one column."""
    for number, line in enumerate(_open(path), 1):
        yield Row(path, number, (line.rstrip("\n"),))


def read_columns(path: Path, separator: str) -> Iterator[Row]:
    """Each line of a file, its columns between separators; quotes are characters like any other."""
    for row in read_lines(path):
        yield Row(path, row.line, tuple(row.columns[0].split(separator)))


def read_tsv(path: Path) -> Iterator[Row]:
    """Each line of a file, its columns separated by tabs; quotes are characters like any other."""
    return read_columns(path, "\t")


def read_csv(path: Path) -> Iterator[Row]:
    """Each row of a file of columns separated by commas, in double quotes where they need them."""
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
