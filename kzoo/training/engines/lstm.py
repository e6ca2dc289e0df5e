"""An engine's own LSTM in the place of Keras's.

Keras 3.15 has no public way to replace it, so its module is patched for the time of a trace.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch

import keras
from keras.src import backend

from kzoo.types import Tensor

FastLSTM = Callable[..., tuple[Tensor, Tensor, Tensor]]
"""`fast(inputs, h, c, mask, kernel, recurrent_kernel, bias, go_backwards)` returns the outputs of all steps
`(batch, time, units)` and the last h and c."""


def lstm_replaced(fast: FastLSTM) -> AbstractContextManager[Any]:
    """Return a context in which Keras's LSTMs of tanh and the sigmoid, in float32, are computed by `fast`.

    Other cells are left to Keras.
    """
    keras_lstm = backend.lstm

    def lstm(
        inputs: Tensor,
        initial_state_h: Tensor,
        initial_state_c: Tensor,
        mask: Tensor | None,
        kernel: Any,
        recurrent_kernel: Any,
        bias: Any,
        activation: Any,
        recurrent_activation: Any,
        return_sequences: bool = False,
        go_backwards: bool = False,
        **options: Any,
    ) -> tuple[Tensor, Tensor, list[Tensor]]:
        given = (inputs, initial_state_h, initial_state_c, mask)
        plain = activation is keras.activations.tanh and recurrent_activation is keras.activations.sigmoid
        if not plain or bias is None or keras.backend.standardize_dtype(inputs.dtype) != "float32":
            gates = (kernel, recurrent_kernel, bias, activation, recurrent_activation)
            return keras_lstm(*given, *gates, return_sequences, go_backwards, **options)
        weights = map(keras.ops.convert_to_tensor, (kernel, recurrent_kernel, bias))
        outputs, h, c = fast(*given, *weights, go_backwards)
        return h, outputs if return_sequences else h[:, None], [h, c]

    return patch.object(backend, "lstm", lstm)
