"""The origin of a data set."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """The name and location of a data set. Runs on a stand-in are never compared with published figures."""

    name: str
    location: str
    stand_in: bool
