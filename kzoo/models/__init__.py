"""Functional-API builders, one family a file; the cards of all are in `catalog`, which needs no Keras."""

__all__ = ["captioning", "catalog", "convolutional", "initialization", "seq2seq", "speech"]

FAMILIES = ("convolutional", "captioning", "seq2seq", "speech")
"""The modules that register the models of the zoo when they are imported."""
