"""The parts of a page of results, independent of its format."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from kzoo.parameters import LayerCount

Facts = tuple[tuple[str, str], ...]
"""Pairs of a name and its value, in order."""


@dataclass(frozen=True)
class Picture:
    """A PNG picture with its caption and its alternative text."""

    name: str
    caption: str
    alt: str
    png: bytes
    wide: bool = False

    @property
    def width(self) -> int:
        """The width in pixels."""
        return int.from_bytes(self.png[16:20], "big")

    @property
    def height(self) -> int:
        """The height in pixels."""
        return int.from_bytes(self.png[20:24], "big")

    @property
    def uri(self) -> str:
        """The picture as a data URI."""
        return f"data:image/png;base64,{base64.b64encode(self.png).decode()}"


@dataclass(frozen=True)
class Cell:
    """A measured metric in a table, with its interval if it has one and the published figure.

    Over several seeds, `value` is the mean and `spread` the standard deviation.
    """

    value: float | None = None
    interval: tuple[float, float] | None = None
    published: float | None = None
    spread: float | None = None


@dataclass(frozen=True)
class ResultRow:
    """A row of a table: its metrics in the table's order, and the verdict on them.

    `source` is the report of the published figures, `anchor` the section of the row's run, and `changes` has
    the changed keys of the recipe. `notes` are printed below the table.
    """

    label: str
    figures: tuple[Cell, ...]
    source: str = ""
    anchor: str | None = None
    changes: Facts = ()
    stand_in: bool = False
    runs: int = 1
    verdict: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ResultTable:
    """A table of measured metrics and published figures, with a row for each run or for all its seeds."""

    title: str
    figures: tuple[str, ...]
    rows: tuple[ResultRow, ...]
    remarks: tuple[str, ...] = ()

    @property
    def published_columns(self) -> tuple[bool, ...]:
        """For each metric, whether any row has a published figure."""
        return tuple(
            any(row.figures[place].published is not None for row in self.rows)
            for place, _ in enumerate(self.figures)
        )

    @property
    def notes(self) -> dict[str, list[str]]:
        """The notes of the rows, each with the labels of the rows that have it."""
        found: dict[str, list[str]] = {}
        for row in self.rows:
            for note in row.notes:
                found.setdefault(note, []).append(row.label)
        return found

    @property
    def verdicts(self) -> dict[str, int]:
        """The number of rows with each verdict, empty if no row was judged."""
        return dict(Counter(row.verdict for row in self.rows if row.verdict))


@dataclass(frozen=True)
class Grid:
    """A table of text; `numeric` has the indices of the columns of numbers."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int] = frozenset()


@dataclass(frozen=True)
class RunSection:
    """The section of one run, with everything from its run folder."""

    label: str
    anchor: str
    stand_in: bool
    facts: Facts
    figures: Grid | None
    pictures: tuple[Picture, ...]
    classes: Grid | None
    samples: Grid | None
    command: str
    recipe: str


@dataclass(frozen=True)
class ModelSection:
    """A model's parameters by layer and their published number; `runs` has the labels of its runs."""

    name: str
    anchor: str
    what: str
    source: str
    trainable: int
    published: int | None
    note: str
    layers: tuple[LayerCount, ...]
    runs: tuple[str, ...]


@dataclass(frozen=True)
class Surroundings:
    """The data set or environment that some runs share; `runs` has their labels."""

    title: str
    facts: Facts
    runs: tuple[str, ...]


@dataclass(frozen=True)
class Page:
    """A page of results."""

    title: str
    lead: str
    tables: tuple[ResultTable, ...]
    curves: tuple[Picture, ...]
    runs: tuple[RunSection, ...]
    models: tuple[ModelSection, ...]
    data: tuple[Surroundings, ...]
    environments: tuple[Surroundings, ...]
    commands: tuple[str, ...]

    @property
    def pictures(self) -> Sequence[Picture]:
        """All pictures in the order of the page."""
        return [*self.curves, *(picture for run in self.runs for picture in run.pictures)]
