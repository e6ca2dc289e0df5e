"""How figures, times and names are spelled on a page of results."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Sequence

from kzoo.recipe import parse_setting
from kzoo.reporting.page.parts import Cell

MISSING = "\u2013"
"""What stands where a figure is missing."""


def number(value: float | None) -> str:
    """A figure with four decimals and, as the reports print it, no zero before the point."""
    if value is None:
        return MISSING
    if not math.isfinite(value):
        return str(value)
    return re.sub(r"^(-?)0\.", r"\1.", f"{value:.4f}")


def interval(ends: tuple[float, float] | None) -> str:
    """The ends of an interval."""
    return MISSING if ends is None else " to ".join(map(number, ends))


def plus_minus(spread: float | None) -> str:
    """A standard deviation, empty if there is none."""
    return "" if spread is None else f"\u00b1 {number(spread)}"


def uncertainty(figure: Cell) -> list[str]:
    """What stands below a figure: its spread over the seeds and its interval, as far as it has them."""
    ends = "" if figure.interval is None else interval(figure.interval)
    return [text for text in (plus_minus(figure.spread), ends) if text]


def setting(value: object) -> str:
    """The value of a recipe's key as `--set` reads it."""
    is_plain = isinstance(value, str) and parse_setting(f"key={value}")[1] == value
    return str(value) if is_plain else json.dumps(value, ensure_ascii=False)


def duration(seconds: float) -> str:
    """Seconds as a person would say them."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def listing(names: Sequence[str], noun: str = "runs", most: int = 4) -> str:
    """Names in a row, the last after an `and`; beyond `most` only how many of the noun they are."""
    if len(names) > most:
        return f"{len(names)} {noun}"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def slug(text: str, taken: Iterable[str] = ()) -> str:
    """A part of an address that says `text`, none of those that are taken."""
    stem = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "part"
    taken, candidate, count = set(taken), stem, 1
    while candidate in taken:
        count += 1
        candidate = f"{stem}-{count}"
    return candidate
