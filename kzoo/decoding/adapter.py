"""The adapter between a family of sequence models and decoding, whatever the family reads."""

from __future__ import annotations

from typing import Any, Protocol

import keras
import numpy as np

from kzoo.decoding.step import State, Step

TARGET = "target_ids"
"""The input of every such model that holds the tokens before each position."""


class SequenceAdapter(Protocol):
    """A module of `kzoo.models`, by the functions that are of the same name in each."""

    def encoder_graph(self, model: keras.Model) -> keras.Model:
        """From the source to what decoding needs of it, a dictionary, without dropout."""

    def begin_decoding(self, model: keras.Model, encoded: Any, beams: int = 1) -> tuple[Step, State]:
        """The step of `kzoo.decoding` for encoded sources, and its first state, without dropout.

        What does not change stands in the step and not in its state, once for each of the `beams` of a
        source. So call this where the decoding is compiled, not before.
        """

    def has_attention(self, model: keras.Model) -> bool:
        """Whether what the model writes attends to the source."""

    def attention_weights(self, model: keras.Model, source: np.ndarray, target_ids: np.ndarray) -> np.ndarray:
        """What each target position attends to, `(batch, target length, source length)` in float32.

        Raises:
            UsageError: the model has no attention.
        """


def source_input(model: keras.Model) -> str:
    """The name of the input that is no target."""
    return next(name for name in model.input if name != TARGET)
