"""Names: those a user typed, against those that exist, and those that name folders too."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

LONGEST = 100
"""The most bytes of a name, so that a date or a seed has room beside it in the name of a folder."""

RULE = f"letters, digits and . _ = + -, no dot first, {LONGEST} bytes at most"
"""What a name is that names folders too."""


def suggestion(name: str, known: Iterable[str]) -> str:
    """`"did you mean 'x'?"` for the nearest known name, else the list of all of them."""
    known = sorted(known)
    near = nearest(name, known)
    return f"known: {', '.join(known)}" if near is None else f"did you mean {near!r}?"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is spelt nearest, or `learning_rate` for `lr`; None if there is none."""
    known = sorted(known)
    abbreviated = [full for full in known if "".join(word[:1] for word in full.split("_")) == name]
    return next(iter(abbreviated or get_close_matches(name, known, n=1, cutoff=0.6)), None)


def is_name(name: str) -> bool:
    """Whether it keeps to the RULE."""
    return re.fullmatch(r"[\w=+-][\w.=+-]*", name) is not None and len(name.encode()) <= LONGEST


def to_name(words: str) -> str:
    """The words as a name that keeps to the RULE, with room for a number after it."""
    bare = re.sub(r"[^\w.=+-]+", "_", words).lstrip(".").encode()
    return bare[: LONGEST - 10].decode(errors="ignore") or "_"
