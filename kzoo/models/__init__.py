"""Functional-API builders, one family a file; importing this package registers every model."""

from kzoo.models import convolutional

__all__ = ["convolutional"]
