"""The output layer of connectionist temporal classification (CTC)."""

from __future__ import annotations

import keras
from keras import KerasTensor, ops

from kzoo.symbols import BLANK, IMPOSSIBLE
from kzoo.types import Tensor


@keras.saving.register_keras_serializable("kzoo")
class CtcLogProbabilities(keras.layers.Layer):
    """The log-probability of each symbol in each state, in float32, where the blank is certain at padding.

        log p_t = log_softmax(logits_t),    at padding log p_t[blank] = 0 and log p_t[v] = -1e30 for others

    After the last real state a path can then only go on with blanks, at no cost. So neither the probability
    of a text nor its decoding depends on the amount of padding.

    Reference: Graves et al. 2006, "Connectionist temporal classification", 3.
    """

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})

    def call(self, logits: Tensor, padding_mask: Tensor | None = None) -> Tensor:
        """Return `(batch, time, symbols)`; `padding_mask` `(batch, time)` is False at padding."""
        log_probabilities = ops.log_softmax(logits, axis=-1)
        if padding_mask is None:
            return log_probabilities
        certain = ops.where(ops.arange(logits.shape[-1]) == BLANK, 0.0, IMPOSSIBLE)
        return ops.where(padding_mask[..., None], log_probabilities, certain)

    def compute_output_spec(
        self, logits: KerasTensor, padding_mask: KerasTensor | None = None
    ) -> KerasTensor:
        """Return the shape of the outputs, that of the logits."""
        return KerasTensor(logits.shape, "float32")
