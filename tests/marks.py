"""Parameters of tests with marks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def once_but(everywhere: Iterable[str], names: Iterable[str]) -> list[Any]:
    """Return names as parameters: those of `everywhere` for each backend, the others marked `once`."""
    kept = set(everywhere)
    return [name if name in kept else pytest.param(name, marks=pytest.mark.once) for name in names]
