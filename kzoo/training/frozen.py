"""Frozen layers, whose weights a training leaves as they are."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from kzoo.errors import UsageError

if TYPE_CHECKING:
    import keras


def freeze(model: keras.Model, patterns: Sequence[str]) -> None:
    """Freeze the layers of a model whose names match one of these shell patterns.

    A frozen batch normalisation uses its moving averages in training too, and leaves them as they are.

    Raises:
        UsageError: a pattern matches no layer with weights, or no layer is left to train.
    """
    layers = [layer for layer in model.layers if layer.weights]
    for pattern in patterns:
        matching = [layer for layer in layers if fnmatchcase(layer.name, pattern)]
        if not matching:
            names = ", ".join(layer.name for layer in layers)
            raise UsageError(
                f"training.frozen: no layer of {model.name} with weights matches {pattern!r}; it has {names}"
            )
        for layer in matching:
            layer.trainable = False
    if not model.trainable_weights:
        raise UsageError(f"training.frozen leaves no layer of {model.name} to train: name fewer layers")
