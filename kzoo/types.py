"""Types that Keras has no name for."""

from __future__ import annotations

from typing import Any

Tensor = Any
"""A tensor of the backend, or a symbolic one: docstrings say its shape."""

Shape = tuple[Any, ...]
"""The shape of a tensor; an axis of any length is None."""
