"""Dot-product attention without projections."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from kzoo.layers.attention import Attention, register_attention
from kzoo.types import Tensor


@register_attention("dot")
class DotProductAttention(Attention):
    """Attention whose score is the dot product of query and key (Vaswani et al., 2017, eq. 1).

        score(q, k) = q . k / sqrt(d)    if scaled, else    q . k

    With `scaled=False` and one tensor of one channel as query, key and value, it is the self-attention with
    1x1 projections of R000 and R002 1.2: Z = softmax(x' x'^T) x'. `keras.layers.Attention` has the same score
    with a learned scale or none, and gives a query whose keys are all masked the mean of the values, not 0.

    Args:
        scaled: whether to divide by the square root of the number of features of a query.
        dropout, seed, call arguments: see `kzoo.layers.attention.Attention`.

    Cost: O(queries keys features) time, O(queries keys) memory. No weights.
    """

    same_features = True

    def __init__(
        self, scaled: bool = True, dropout: float = 0.0, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(dropout=dropout, seed=seed, **kwargs)
        self.scaled = scaled

    def score(self, query: Tensor, key: Tensor) -> Tensor:
        """Return q . k of every query and key, scaled if `scaled`."""
        return dot_product(query / math.sqrt(query.shape[-1]) if self.scaled else query, key)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return super().get_config() | {"scaled": self.scaled}


def dot_product(query: Tensor, key: Tensor) -> Tensor:
    """Return q . k of all queries and keys: `(..., queries, d)`, `(..., keys, d)` -> `(..., queries, keys)`.

    float16 inputs are cast to float32, because a product soon exceeds 65,504, the largest float16 number.
    """
    if keras.backend.standardize_dtype(query.dtype) == "float16":
        query, key = ops.cast(query, "float32"), ops.cast(key, "float32")
    return ops.matmul(query, ops.swapaxes(key, -1, -2))
