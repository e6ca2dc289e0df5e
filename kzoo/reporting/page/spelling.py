"""The spelling of metrics, times and names on a page of results."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Sequence

from kzoo.recipe import parse_setting
from kzoo.reporting.page.parts import Cell

MISSING = "\u2013"
"""The text in place of a missing number."""


def number(value: float | None) -> str:
    """Spell a number with four decimals and no zero before the point, as the reports do."""
    if value is None:
        return MISSING
    if not math.isfinite(value):
        return str(value)
    return re.sub(r"^(-?)0\.", r"\1.", f"{value:.4f}")


def interval(ends: tuple[float, float] | None) -> str:
    """Spell the ends of an interval."""
    return MISSING if ends is None else " to ".join(map(number, ends))


def plus_minus(spread: float | None) -> str:
    """Spell a standard deviation, empty if there is none."""
    return "" if spread is None else f"\u00b1 {number(spread)}"


def uncertainty(figure: Cell) -> list[str]:
    """Spell the standard deviation over the seeds and the interval of a metric, as far as it has them."""
    ends = "" if figure.interval is None else interval(figure.interval)
    return [text for text in (plus_minus(figure.spread), ends) if text]


def setting(value: object) -> str:
    """Spell the value of a recipe's key as `--set` parses it."""
    is_plain = isinstance(value, str) and parse_setting(f"key={value}")[1] == value
    return str(value) if is_plain else json.dumps(value, ensure_ascii=False)


def duration(seconds: float) -> str:
    """Spell a time in seconds, minutes or hours."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def listing(names: Sequence[str], noun: str = "runs", most: int = 4) -> str:
    """Join names by commas and `and`; more than `most` names are counted instead, as in `7 runs`."""
    if len(names) > most:
        return f"{len(names)} {noun}"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def slug(text: str, taken: Iterable[str] = ()) -> str:
    """Turn a text into an anchor or file name that is different from those taken."""
    stem = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "part"
    taken, candidate, count = set(taken), stem, 1
    while candidate in taken:
        count += 1
        candidate = f"{stem}-{count}"
    return candidate
