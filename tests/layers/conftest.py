"""All tests of layers compile quickly."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _quickly(quick_compilation: None) -> None:
    """See `quick_compilation`."""
