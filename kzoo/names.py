"""Names: suggestions for a mistyped name, and names that are safe as folder names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

LONGEST = 100
"""The maximum bytes of a name, which leaves room for a date or a seed in the name of a folder."""

RULE = f"letters, digits and . _ = + -, no dot first, {LONGEST} bytes at most"
"""The rule for names that are used as folder names, as error messages print it."""


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return `"did you mean 'x'?"` with the nearest known name, else the list of all known names."""
    known = sorted(known)
    near = nearest(name, known)
    return f"known: {', '.join(known)}" if near is None else f"did you mean {near!r}?"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name with these initials (`learning_rate` for `lr`), else the closest, or None."""
    known = sorted(known)
    abbreviated = [full for full in known if "".join(word[:1] for word in full.split("_")) == name]
    return next(iter(abbreviated or get_close_matches(name, known, n=1, cutoff=0.6)), None)


def is_name(name: str) -> bool:
    """Return whether a name follows RULE."""
    return re.fullmatch(r"[\w=+-][\w.=+-]*", name) is not None and len(name.encode()) <= LONGEST


def to_name(words: str) -> str:
    """Convert words to a name that follows RULE and leaves room for a number after it."""
    bare = re.sub(r"[^\w.=+-]+", "_", words).lstrip(".").encode()
    return bare[: LONGEST - 10].decode(errors="ignore") or "_"
