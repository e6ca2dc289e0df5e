"""Functional-API builders, one family a file; the cards of all are in `catalog`, which needs no Keras."""

FAMILIES = ("convolutional", "captioning", "seq2seq", "speech")
"""The modules that register the models of the zoo when they are imported."""
