"""Where a set came from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """Where a set was found. A stand-in is never compared with a published figure."""

    name: str
    location: str
    stand_in: bool
