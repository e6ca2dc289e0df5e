"""Functional-API builders, one family a file; importing this package registers every model."""

from kzoo.models import captioning, convolutional, seq2seq, speech

__all__ = ["captioning", "convolutional", "seq2seq", "speech"]
