"""Model builders in the functional API, one family per file. `catalog` holds the cards and needs no Keras."""

__all__ = ["captioning", "catalog", "convolutional", "efficientnet", "initialization", "seq2seq", "speech"]

FAMILIES = ("convolutional", "efficientnet", "captioning", "seq2seq", "speech")
"""The modules that register the models of the zoo when they are imported."""
