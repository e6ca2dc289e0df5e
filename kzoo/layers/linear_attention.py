"""Attention in linear time."""

from __future__ import annotations

import math
import warnings
from typing import Any, NamedTuple

import keras
from keras import ops

from kzoo.layers import linear_sums
from kzoo.layers.attention import Attention, causal_mask, combine_masks, register_attention
from kzoo.layers.feature_maps import FeatureMap, MaclaurinFeatureMap
from kzoo.types import Tensor


class LinearState(NamedTuple):
    """The state of the recurrent form: sums over all keys so far, of constant size."""

    values: Tensor
    """S = sum_j phi(k_j) v_j^T, `(batch, ..., M, value_dim)`."""
    normaliser: Tensor
    """z = sum_j phi(k_j), `(batch, ..., M)`."""


@register_attention("linear")
class LinearAttention(Attention):
    """Attention whose similarity is a dot product of features: all queries share one sum over the keys.

        p_ij = phi(q_i) . phi(k_j) / sum_l phi(q_i) . phi(k_l)
        c_i = phi(q_i)^T S / phi(q_i)^T z,    S = sum_j phi(k_j) v_j^T,    z = sum_j phi(k_j)

    (Katharopoulos et al., 2020, arXiv 2006.16236, eq. 4-5; R004 1.) The weights p approximate those of
    `DotProductAttention` as well as phi(q) . phi(k) approximates exp(q . k). `MaclaurinFeatureMap` does so
    where |q . k| is small, so normalise queries and keys. Keras has no such layer.

    There are three forms: the bidirectional form; the causal form (`use_causal_mask`), which takes prefix
    sums over chunks; and the recurrent form (`initial_state` and `step`), which computes the causal form one
    position at a time in constant memory.

    Args:
        feature_map: phi; three merged Maclaurin terms by default.
        scaled: whether to divide the queries by the square root of their number of features.
        call arguments: see `kzoo.layers.attention.Attention`. `attention_mask` is refused, because the layer
            computes no scores. `return_attention_scores` computes them separately, in quadratic memory.

    Raises:
        ValueError: the shapes do not fit, or an attention mask or dropout is given: there are no weights p.

    Warns:
        UserWarning: the feature map allows negative weights, whose sum can be zero.

    Cost: O((queries + keys) M value_dim) time for M features. Features are computed chunk by chunk: besides
    inputs and outputs, the bidirectional form needs O(M value_dim) memory, and training O(keys M). Sums are
    kept in float32 at least. With fewer keys than a few times M, `DotProductAttention` is faster.
    """

    same_features = True

    def __init__(self, feature_map: FeatureMap | None = None, scaled: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.feature_map = MaclaurinFeatureMap() if feature_map is None else feature_map
        self.scaled = scaled
        # On TensorFlow XLA cannot differentiate Keras's loops, because it does not know their length.
        self.supports_jit = keras.backend.backend() != "tensorflow"
        if self.dropout:
            raise ValueError(f"LinearAttention has no weights to drop: dropout must be 0, not {self.dropout}")
        if not self.feature_map.positive:
            warnings.warn(
                f"the weights of {type(self.feature_map).__name__}(**{self.feature_map.get_config()}) can be "
                "negative and their sum zero: use an odd number of terms to avoid this",
                stacklevel=2,
            )

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
        if attention_mask is not None:
            raise ValueError(
                "LinearAttention has no scores to mask: give it query_mask, value_mask, key_mask or "
                "use_causal_mask in place of attention_mask"
            )
        queries, keys = self._scale(query), self._widen(value if key is None else key)
        keep_query = combine_masks(query_mask, None, None, None)
        keep_key = _as_column(combine_masks(None, value_mask, key_mask, None))
        values = _with_ones(self._widen(value))
        if keep_key is not None:
            keys, values = ops.where(keep_key, keys, 0.0), ops.where(keep_key, values, 0.0)
        attend = linear_sums.causal if use_causal_mask else linear_sums.bidirectional
        sums = attend(self.feature_map, queries, keys, values)
        outputs = ops.swapaxes(_normalise(sums[..., :-1, :], sums[..., -1:, :]), -1, -2)
        if keep_query is not None:
            outputs = ops.where(keep_query, outputs, 0.0)
        outputs = ops.cast(outputs, self.compute_dtype)
        if not return_attention_scores:
            return outputs
        seen = causal_mask(ops.shape(queries)[-2], ops.shape(keys)[-2]) if use_causal_mask else None
        keep = combine_masks(query_mask, value_mask, key_mask, seen)
        return outputs, ops.cast(self._weights(queries, keys, keep), self.compute_dtype)

    def attend(
        self, query: Tensor, value: Tensor, key: Tensor, keep: Tensor | None, training: bool | None
    ) -> tuple[Tensor, Tensor]:
        """Return outputs and weights by the quadratic form, which is faster for few queries and keys."""
        weights = self._weights(self._scale(query), self._widen(key), keep)
        outputs = ops.matmul(weights, self._widen(value))
        return ops.cast(outputs, self.compute_dtype), ops.cast(weights, self.compute_dtype)

    def initial_state(self, batch_shape: tuple[int, ...], key_dim: int, value_dim: int) -> LinearState:
        """Return the state before the first key, for inputs `(*batch_shape, features)`."""
        features = self.feature_map.num_features(key_dim)
        values, normaliser = (*batch_shape, features, value_dim), (*batch_shape, features)
        return LinearState(self._widen(ops.zeros(values)), self._widen(ops.zeros(normaliser)))

    def step(
        self, query: Tensor, value: Tensor, key: Tensor | None, state: LinearState
    ) -> tuple[Tensor, LinearState]:
        """Compute one position of the causal form.

        Args:
            query, value, key: `(batch, ..., features)`; the key defaults to the value.
            state: the state after the preceding positions.

        Returns:
            The output `(batch, ..., value_dim)` and the state after this position.

        Cost: O(M value_dim) time and memory, at any position.
        """
        features = self.feature_map(self._widen(value if key is None else key))
        values = state.values + ops.expand_dims(features, -1) * ops.expand_dims(self._widen(value), -2)
        normaliser = state.normaliser + features
        queries = self.feature_map(self._scale(query))
        sums = ops.squeeze(ops.matmul(ops.expand_dims(queries, -2), values), -2)
        output = _normalise(sums, ops.sum(queries * normaliser, axis=-1, keepdims=True))
        return ops.cast(output, self.compute_dtype), LinearState(values, normaliser)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        config = super().get_config()
        feature_map = keras.saving.serialize_keras_object(self.feature_map)
        return config | {"feature_map": feature_map, "scaled": self.scaled}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> LinearAttention:
        """Create the layer from its config."""
        feature_map = keras.saving.deserialize_keras_object(config["feature_map"])
        return cls(**config | {"feature_map": feature_map})

    def _widen(self, x: Tensor) -> Tensor:
        return ops.cast(x, keras.backend.result_type(self.compute_dtype, "float32"))

    def _scale(self, query: Tensor) -> Tensor:
        return self._widen(query) / (math.sqrt(query.shape[-1]) if self.scaled else 1.0)

    def _weights(self, query: Tensor, key: Tensor, keep: Tensor | None) -> Tensor:
        """Return the weights by the quadratic form: the similarities, normalised by row."""
        similarities = self.feature_map.similarity(query, key)
        if keep is not None:
            similarities = ops.where(keep, similarities, 0.0)
        return _normalise(similarities, ops.sum(similarities, axis=-1, keepdims=True))


def _as_column(keep: Tensor | None) -> Tensor | None:
    """Transpose a key mask `(..., 1, keys)` to `(..., keys, 1)`."""
    return None if keep is None else ops.swapaxes(keep, -1, -2)


def _with_ones(values: Tensor) -> Tensor:
    """Append a feature of 1 to the values; its weighted sum is the normaliser."""
    return ops.concatenate([values, ops.ones_like(values[..., :1])], axis=-1)


def _normalise(sums: Tensor, total: Tensor) -> Tensor:
    """Divide sums by their total; without keys both are 0, and the result is 0."""
    return sums / ops.where(ops.equal(total, 0.0), 1.0, total)
