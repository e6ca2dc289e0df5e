"""The grid of a sweep: points, each with values for some keys of a recipe, from lists or ranges."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count, product
from pathlib import Path
from typing import Any

import numpy as np

from kzoo.errors import UsageError
from kzoo.names import to_name
from kzoo.recipe import Figure, parse_value
from kzoo.reproduction.table import Row, Table, anchored

Point = dict[str, Any]
"""The values of a point by dotted key."""


@dataclass(frozen=True)
class Values:
    """A list of values for a key."""

    values: tuple[Any, ...]

    @property
    def first(self) -> Any:
        """The first value."""
        return self.values[0]

    def draw(self, rng: np.random.Generator) -> Any:
        """Draw one of the values."""
        return self.values[rng.integers(len(self.values))]


@dataclass(frozen=True)
class Range:
    """The numbers from `low` to `high`, integers if both are, drawn uniformly or log-uniformly."""

    low: float
    high: float
    logarithmic: bool

    @property
    def first(self) -> float:
        """The lowest number."""
        return self.low

    @property
    def is_whole(self) -> bool:
        """Whether the numbers are integers."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    def draw(self, rng: np.random.Generator) -> float:
        """Draw a number; one that is not an integer is rounded to four significant digits."""
        if self.is_whole and not self.logarithmic:
            return int(rng.integers(int(self.low), int(self.high) + 1))
        ends = (math.log(self.low), math.log(self.high)) if self.logarithmic else (self.low, self.high)
        drawn = rng.uniform(*ends)
        number = math.exp(drawn) if self.logarithmic else drawn
        return round(number) if self.is_whole else float(f"{number:.4g}")


Axes = Mapping[str, Values | Range]


def parse_axis(text: str) -> tuple[str, Values | Range]:
    """Parse a `--grid` option: `key=a,b,c`, `key=low:high` or `key=low:high:log`.

    Raises:
        UsageError: the option has none of these forms.
    """
    key, equals, words = text.partition("=")
    if not equals or not key.strip() or not words.strip():
        raise UsageError(f"--grid {text!r}: expected key=a,b,c or key=low:high or key=low:high:log")
    if ":" in words:
        return key.strip(), _parse_range(text, words.split(":"))
    return key.strip(), Values(tuple(parse_value(word, f"--grid {key.strip()}") for word in words.split(",")))


def _parse_range(text: str, words: Sequence[str]) -> Range:
    """Parse the `low:high` or `low:high:log` of a `--grid` option, given split at its colons."""
    numbers = [parse_value(word, f"--grid {text!r}") for word in words[:2]]
    logarithmic = list(words[2:]) == ["log"]
    are_numbers = all(type(number) in (int, float) for number in numbers)
    if not are_numbers or (words[2:] and not logarithmic) or not 0 < numbers[1] - numbers[0] < math.inf:
        raise UsageError(f"--grid {text!r}: a range is low:high or low:high:log with low < high")
    if logarithmic and numbers[0] <= 0:
        raise UsageError(f"--grid {text!r}: a logarithmic range must start above 0")
    return Range(numbers[0], numbers[1], logarithmic)


def grid_points(axes: Axes) -> list[Point]:
    """Return all combinations of the values, each once; the last key varies fastest.

    Raises:
        UsageError: a key has a range.
    """
    columns = []
    for key, axis in axes.items():
        if isinstance(axis, Range):
            raise UsageError(f"--grid {key} is a range: set the point count with --random N or --optuna N")
        columns.append(axis.values)
    points = (dict(zip(axes, values, strict=True)) for values in product(*columns))
    return list({repr(point): point for point in points}.values())


def to_table(recipe: str, points: Iterable[Point], decides: Figure) -> Table:
    """Return a table with a row for each point of a recipe, without published figures."""
    name, rows = to_name(Path(recipe).stem), dict[str, Row]()
    recipe = anchored(recipe, Path())
    for point in points:
        label = _label(point)
        numbered = (f"{label}-{number}" for number in count(2))
        row = next(word for word in chain([label], numbered) if word not in rows)
        rows[row] = Row(name=row, recipe=recipe, overrides=point)
    return Table(name=name, title=f"points of {name}", source="", decides=decides, rows=tuple(rows.values()))


def _label(point: Point) -> str:
    """Return the row name of a point: each value after the last part of its key, if these parts differ."""
    leaves = [key.rpartition(".")[2] for key in point]
    labels = leaves if len(set(leaves)) == len(leaves) else list(point)
    return to_name("-".join(f"{label}={value}" for label, value in zip(labels, point.values(), strict=True)))
