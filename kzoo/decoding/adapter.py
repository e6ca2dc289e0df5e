"""The interface between the families of sequence models and decoding, whatever inputs a family reads."""

from __future__ import annotations

from typing import Any, Protocol

import keras
import numpy as np

from kzoo.decoding.step import State, Step


class SequenceAdapter(Protocol):
    """The functions that the `kzoo.models` module of each family of sequence models defines."""

    def encoder_graph(self, model: keras.Model) -> keras.Model:
        """Return the part of the model that encodes sources into a dictionary, without dropout."""

    def begin_decoding(self, model: keras.Model, encoded: Any, beams: int = 1) -> tuple[Step, State]:
        """Return the step function for encoded sources, without dropout, and its first state.

        The step function closes over the tensors that do not change, which the `beams` of a source share, so
        call this inside the function that is compiled. The rows of a step are the beams of each source in
        turn. The first state has a row for each source.
        """

    def has_attention(self, model: keras.Model) -> bool:
        """Return whether the model has attention over the source."""

    def attention_weights(self, model: keras.Model, source: np.ndarray, target_ids: np.ndarray) -> np.ndarray:
        """Return the attention weights, `(batch, target length, source length)` in float32.

        Raises:
            UsageError: the model has no attention.
        """
