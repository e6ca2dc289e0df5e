"""The names of the inputs of sequence models."""

from __future__ import annotations

import keras

TARGET = "target_ids"
"""The name of the input that holds the previous target tokens; every sequence model has it."""


def source_input(model: keras.Model) -> str:
    """Return the name of the model's source input, the one that is not `TARGET`."""
    return next(name for name in model.input if name != TARGET)
