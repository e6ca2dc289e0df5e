"""Multi-head attention."""

from __future__ import annotations

from typing import Any

import keras
from keras import KerasTensor, ops

from kzoo.layers.attention import Attention
from kzoo.layers.dot_product_attention import DotProductAttention
from kzoo.types import Shape, Tensor


@keras.saving.register_keras_serializable("kzoo")
class MultiHeadAttention(keras.layers.Layer):
    """Multi-head attention with any attention of this zoo in its heads (Vaswani et al., 2017, 3.2.2).

        head_h = attention(W_q^h q + b_q^h, W_v^h v + b_v^h, W_k^h k + b_k^h)
        outputs = W_o [head_1; ...; head_H] + b_o

    It differs from `keras.layers.MultiHeadAttention` in three ways. Any attention of this zoo, also a linear
    one, can replace the dot product. The bias of the keys is optional: it adds the same number to every score
    of a query, so it changes no softmax of dot products (Radford et al., 2022, and R004 leave it out). Keys
    and values can be projected once for many calls, by `project_memory` and `attend`.

    Args:
        num_heads: H.
        attention: the attention of each head, `DotProductAttention()` by default.
        key_bias: whether the keys have a bias.
        call arguments: see `kzoo.layers.attention.Attention`, with three-dimensional inputs.

    Output: `(batch, queries, features)`, with the number of features of a query, which `num_heads` must
    divide. A query that is masked, or whose keys are all masked, gets b_o. The weights that
    `return_attention_scores` adds are `(batch, num_heads, queries, keys)`.

    Raises:
        ValueError: `num_heads` is not positive or does not divide the features.

    Cost: num_heads times the cost of the attention over features / num_heads features, and the projections.
    """

    def __init__(
        self, num_heads: int, attention: Attention | None = None, key_bias: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if num_heads < 1:
            raise ValueError(f"MultiHeadAttention: num_heads must be positive, not {num_heads}")
        self.num_heads = num_heads
        self.key_bias = key_bias
        self.attention = DotProductAttention(dtype=self.dtype_policy) if attention is None else attention
        self.supports_masking = True

    def build(self, query_shape: Shape, value_shape: Shape, key_shape: Shape | None = None) -> None:
        """Create the projections."""
        features, key_shape = query_shape[-1], key_shape or value_shape
        if features % self.num_heads:
            raise ValueError(
                f"MultiHeadAttention: {self.num_heads} heads cannot share {features} features evenly"
            )
        self.query_projection = self._add_projection("query", features, features)
        self.key_projection = self._add_projection("key", key_shape[-1], features, self.key_bias)
        self.value_projection = self._add_projection("value", value_shape[-1], features)
        self.output_projection = self._add_projection("output", features, features)
        heads = (query_shape[0], self.num_heads, None, features // self.num_heads)
        if not self.attention.built:  # a layer loaded from a file is built already
            self.attention.build(heads, heads, heads)

    def call(
        self,
        query: Tensor,
        value: Tensor,
        key: Tensor | None = None,
        query_mask: Tensor | None = None,
        value_mask: Tensor | None = None,
        key_mask: Tensor | None = None,
        attention_mask: Tensor | None = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Tensor:
        """Compute the attention. The class docstring describes the arguments."""
        keys, values = self.project_memory(value, key)
        outputs = self.attention(
            self.project_query(query),
            values,
            keys,
            query_mask=_for_all_heads(query_mask),
            value_mask=_for_all_heads(value_mask),
            key_mask=_for_all_heads(key_mask),
            attention_mask=_for_all_heads(attention_mask, axes=2),
            return_attention_scores=return_attention_scores,
            training=training,
            use_causal_mask=use_causal_mask,
        )
        if return_attention_scores:
            return self.join_heads(outputs[0]), outputs[1]
        return self.join_heads(outputs)

    def project_query(self, query: Tensor) -> Tensor:
        """Project queries for all heads, to `(batch, H, queries, features / H)`."""
        return self._split_heads(self.query_projection(query))

    def project_memory(self, value: Tensor, key: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the keys and the values of all heads, each `(batch, H, keys, features / H)`."""
        keys = self.key_projection(value if key is None else key)
        return self._split_heads(keys), self._split_heads(self.value_projection(value))

    def attend(self, query: Tensor, keys: Tensor, values: Tensor, keep: Tensor | None = None) -> Tensor:
        """Return the outputs for projected keys and values and a mask `(batch, keys)`, in inference."""
        keep = None if keep is None else _for_all_heads(ops.expand_dims(keep, 1), axes=2)
        keys = self.attention.project_keys(keys)
        heads, _ = self.attention.attend(self.project_query(query), values, keys, keep, training=False)
        return self.join_heads(heads)

    def join_heads(self, heads: Tensor) -> Tensor:
        """Return W_o [head_1; ...; head_H] + b_o, `(batch, queries, features)`, of the heads' outputs."""
        batch, _, queries, size = ops.shape(heads)
        joined = ops.reshape(ops.swapaxes(heads, 1, 2), (batch, queries, self.num_heads * size))
        return self.output_projection(joined)

    def compute_output_spec(
        self,
        query: KerasTensor,
        value: KerasTensor,
        key: KerasTensor | None = None,
        query_mask: KerasTensor | None = None,
        value_mask: KerasTensor | None = None,
        key_mask: KerasTensor | None = None,
        attention_mask: KerasTensor | None = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> KerasTensor | tuple[KerasTensor, KerasTensor]:
        """Return the output shapes of `call`, in the compute dtype."""
        outputs = KerasTensor(query.shape, dtype=self.compute_dtype)
        if not return_attention_scores:
            return outputs
        scores = (query.shape[0], self.num_heads, query.shape[1], value.shape[1])
        return outputs, KerasTensor(scores, dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        attention = keras.saving.serialize_keras_object(self.attention)
        return super().get_config() | {
            "num_heads": self.num_heads,
            "attention": attention,
            "key_bias": self.key_bias,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> MultiHeadAttention:
        """Create the layer from its config."""
        attention = keras.saving.deserialize_keras_object(config["attention"])
        return cls(**config | {"attention": attention})

    def _split_heads(self, x: Tensor) -> Tensor:
        batch, length, features = ops.shape(x)
        split = ops.reshape(x, (batch, length, self.num_heads, features // self.num_heads))
        return ops.swapaxes(split, 1, 2)

    def _add_projection(self, name: str, features: int, units: int, bias: bool = True) -> keras.layers.Dense:
        projection = keras.layers.Dense(units, use_bias=bias, dtype=self.dtype_policy, name=name)
        projection.build((None, None, features))
        return projection


def _for_all_heads(mask: Tensor | None, axes: int = 1) -> Tensor | None:
    """Insert an axis for the heads before the last `axes` axes of a mask, which may lack a batch axis."""
    return None if mask is None else ops.expand_dims(mask, -1 - axes)
