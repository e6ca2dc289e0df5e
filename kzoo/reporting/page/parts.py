"""What a page of results holds, whatever it is written in."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from kzoo.parameters import LayerCount

Facts = tuple[tuple[str, str], ...]
"""Names and what they are, in order."""


@dataclass(frozen=True)
class Picture:
    """A picture in PNG with what stands below it and what it says to those who do not see it."""

    name: str
    caption: str
    alt: str
    png: bytes
    wide: bool = False

    @property
    def width(self) -> int:
        """Pixels."""
        return int.from_bytes(self.png[16:20], "big")

    @property
    def height(self) -> int:
        """Pixels."""
        return int.from_bytes(self.png[20:24], "big")

    @property
    def uri(self) -> str:
        """The picture itself as an address."""
        return f"data:image/png;base64,{base64.b64encode(self.png).decode()}"


@dataclass(frozen=True)
class Cell:
    """A figure of a table: as measured, with an interval if it has one, beside the published one.

    Over several seeds it is the mean, and `spread` the standard deviation.
    """

    value: float | None = None
    interval: tuple[float, float] | None = None
    published: float | None = None
    spread: float | None = None


@dataclass(frozen=True)
class ResultRow:
    """A row of a table: its figures in the table's order, and what they say of the published ones.

    `source` has the published figures; `anchor` is the section of the row's run; `changes` are those of the
    recipe; `notes` say what the figures do not.
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
    """Cell and published figures, a row for each training or for the seeds of one."""

    title: str
    figures: tuple[str, ...]
    rows: tuple[ResultRow, ...]
    remarks: tuple[str, ...] = ()

    @property
    def published_columns(self) -> tuple[bool, ...]:
        """Of which figures any is published."""
        return tuple(
            any(row.figures[place].published is not None for row in self.rows)
            for place, _ in enumerate(self.figures)
        )

    @property
    def notes(self) -> dict[str, list[str]]:
        """The notes of the rows, each with the labels of those that have it."""
        found: dict[str, list[str]] = {}
        for row in self.rows:
            for note in row.notes:
                found.setdefault(note, []).append(row.label)
        return found

    @property
    def verdicts(self) -> dict[str, int]:
        """How many rows have each verdict; empty where none was judged."""
        return dict(Counter(row.verdict for row in self.rows if row.verdict))


@dataclass(frozen=True)
class Grid:
    """A small table of text, `numeric` the columns that are numbers."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int] = frozenset()


@dataclass(frozen=True)
class RunSection:
    """What one run folder tells."""

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
    """A model's parameters by layer against its card; `runs` are the labels of those that have it."""

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
    """What some runs were made with, the same for all of them."""

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
        """All pictures, from the first to the last."""
        return [*self.curves, *(picture for run in self.runs for picture in run.pictures)]
