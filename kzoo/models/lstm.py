"""A step of an LSTM whose inputs are tokens, as decoding takes it."""

from __future__ import annotations

import keras
from keras import ops

from kzoo.types import Tensor


def token_table(cell: keras.layers.LSTMCell, embeddings: Tensor) -> Tensor:
    """W e + b for the embedding e of every token, `(vocabulary, 4 units)`, from which a token's is looked up.

    W has as many rows as e, the first ones of the cell's kernel if that has more. It is computed in float32
    and given in the precision that the cell computes in.
    """
    table = ops.add(ops.matmul(embeddings, cell.kernel[: embeddings.shape[-1]]), cell.bias)
    return ops.cast(table, cell.compute_dtype)


def lstm_step(cell: keras.layers.LSTMCell, inputs: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """h_t and c_t from the projected inputs W x_t + b `(batch, 4 units)` and the state before."""
    recurrent = ops.matmul(h, ops.cast(cell.recurrent_kernel, h.dtype))
    i, f, candidate, o = ops.split(inputs + recurrent, 4, axis=-1)
    c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(candidate)
    return ops.sigmoid(o) * ops.tanh(c), c
