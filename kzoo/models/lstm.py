"""One LSTM step on tokens, for decoding."""

from __future__ import annotations

import keras
from keras import ops

from kzoo.types import Tensor


def token_table(cell: keras.layers.LSTMCell, embeddings: Tensor) -> Tensor:
    """Return the table of W e + b for the embedding e of every token, `(vocabulary, 4 units)`.

    W holds the first rows of the cell's kernel, as many as e has entries. The table is computed in float32
    and cast to the compute dtype of the cell.
    """
    table = ops.add(ops.matmul(embeddings, cell.kernel[: embeddings.shape[-1]]), cell.bias)
    return ops.cast(table, cell.compute_dtype)


def lstm_step(cell: keras.layers.LSTMCell, inputs: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """Return h_t and c_t, given the projected inputs W x_t + b `(batch, 4 units)` and the previous state."""
    recurrent = ops.matmul(h, ops.cast(cell.recurrent_kernel, h.dtype))
    i, f, candidate, o = ops.split(inputs + recurrent, 4, axis=-1)
    c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(candidate)
    return ops.sigmoid(o) * ops.tanh(c), c
