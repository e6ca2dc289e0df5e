"""Bahdanau's additive attention."""

from __future__ import annotations

from typing import Any, Self

import keras
from keras import ops

from kzoo.layers.attention import register_attention
from kzoo.layers.projected_attention import ProjectedAttention
from kzoo.types import Shape, Tensor


@register_attention("bahdanau")
class BahdanauAttention(ProjectedAttention):
    """Additive attention: a small network computes the score (Bahdanau et al., 2015, arXiv 1409.0473, A.1.2).

        score(q, k) = v . f(W_q q + b_q + W_k k + b_k) + b_v

    R001 3b uses ReLU and biases; R003 3.2 uses tanh and no biases. `keras.layers.AdditiveAttention` has
    neither W_q nor W_k.

    Args:
        units: the length of v.
        activation: f, "tanh" as published or "relu" as in R001.
        use_bias: whether to add b_q, b_k and b_v, which start at zero.
        kernel_initializer: initialises W_q `(query_dim, units)`, W_k `(key_dim, units)` and v `(units, 1)`.
        scorer_initializer: the initialiser of v, `kernel_initializer` by default.
        dropout, seed, call arguments: see `kzoo.layers.attention.Attention`.

    Cost: O(queries keys units) time and memory, besides the projections.
    """

    def __init__(
        self, units: int, activation: Any = "tanh", scorer_initializer: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if units < 1:
            raise ValueError(f"BahdanauAttention: units must be positive, not {units}")
        self.units = units
        self.activation = keras.activations.get(activation)
        self.scorer_initializer = keras.initializers.get(scorer_initializer)

    @classmethod
    def of_units(cls, units: int, **options: Any) -> Self:
        """Create the layer with a v of length `units`."""
        return cls(units, **options)

    def build(self, query_shape: Shape, value_shape: Shape, key_shape: Shape | None = None) -> None:
        """Create W_q, W_k, v and their biases."""
        super().build(query_shape, value_shape, key_shape)
        key_dim = (key_shape or value_shape)[-1]
        self.query_projection = self.add_projection("query_projection", query_shape[-1], self.units)
        self.key_projection = self.add_projection("key_projection", key_dim, self.units)
        self.scorer = self.add_projection("scorer", self.units, 1, self.scorer_initializer)

    def project_keys(self, key: Tensor) -> Tensor:
        """Return W_k k + b_k."""
        return self.key_projection(key)

    def score(self, query: Tensor, key: Tensor) -> Tensor:
        """Return v . f(W_q q + b_q + k) + b_v for projected keys k."""
        queries = ops.expand_dims(self.query_projection(query), -2)
        return ops.squeeze(self.scorer(self.activation(queries + ops.expand_dims(key, -3))), -1)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return super().get_config() | {
            "units": self.units,
            "activation": keras.activations.serialize(self.activation),
            "scorer_initializer": keras.initializers.serialize(self.scorer_initializer),
        }
