"""Functional-API builders, one family a file; importing this package registers every model."""

from kzoo.models import convolutional, seq2seq

__all__ = ["convolutional", "seq2seq"]
