"""Types for which Keras has no name."""

from __future__ import annotations

from typing import Any

Tensor = Any
"""A tensor of the backend or a symbolic tensor; docstrings give its shape."""

Shape = tuple[Any, ...]
"""The shape of a tensor; None is an axis of any length."""
