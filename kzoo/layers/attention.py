"""The base class of all attention layers: masks, softmax, dropout, validation and output specs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self, TypeVar

import keras
from keras import KerasTensor, ops

from kzoo.types import Shape, Tensor

MASKED_SCORE = -1e30
"""The score of a masked key: its weight is exactly 0 beside any other. It is finite, to avoid NaN rows."""


class Attention(keras.layers.Layer):
    """Base class of attention layers: the output of each query is a weighted mean of the values.

        p_ij = softmax_j(score(q_i, k_j)),    c_i = sum_j p_ij v_j

    A sub-class overrides `score` (and `build` if it has weights), or `attend` if it needs no scores.

    Args:
        dropout: the fraction of the weights p that are dropped in training, in [0, 1).
        seed: the seed of the dropout.

    Call arguments, named as in `keras.layers.MultiHeadAttention`; masks are False at masked positions:
        query: `(batch, ..., queries, query_dim)`.
        value: `(batch, ..., keys, value_dim)`.
        key: `(batch, ..., keys, key_dim)`; defaults to the value.
        query_mask: `(batch, ..., queries)`; a masked query gets zeros.
        value_mask, key_mask: `(batch, ..., keys)`; a masked key gets weight 0.
        attention_mask: `(batch, ..., queries, keys)`, or a shape that broadcasts to it.
        return_attention_scores: return `(outputs, p)`, p of shape `(batch, ..., queries, keys)`.
        training: whether to apply dropout.
        use_causal_mask: query i sees the keys 0 to i only.

    Output: `(batch, ..., queries, value_dim)`. All masks are combined. The softmax is computed in float32 at
    least. A query whose keys are all masked gets zeros.

    Raises:
        ValueError: the shapes do not fit, or the dropout is out of range.
    """

    same_features = False
    """Whether a query must have as many features as a key."""

    @classmethod
    def of_units(cls, units: int, **options: Any) -> Self:
        """Create the layer with these options; a sub-class may use `units` as the size of its weights."""
        return cls(**options)

    def __init__(self, dropout: float = 0.0, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not 0 <= dropout < 1:
            raise ValueError(f"{type(self).__name__}: dropout must lie in [0, 1), not {dropout}")
        self.dropout = dropout
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed) if dropout else None
        self.supports_masking = True

    def build(self, query_shape: Shape, value_shape: Shape, key_shape: Shape | None = None) -> None:
        """Check the shapes. A sub-class also creates its weights here."""
        self.check_shapes(query_shape, value_shape, key_shape or value_shape)

    def check_shapes(self, query: Shape, value: Shape, key: Shape) -> None:
        """Raise ValueError if the shapes of query, value and key do not fit together."""
        if not len(query) == len(value) == len(key) >= 3:
            self.refuse("query, value and key (batch, ..., length, features) of one rank", query, value, key)
        if value[-2] is not None and key[-2] is not None and value[-2] != key[-2]:
            self.refuse("as many values as keys", query, value, key)
        if self.same_features and query[-1] != key[-1]:
            self.refuse("as many features in a query as in a key", query, value, key)

    def refuse(self, expected: str, query: Shape, value: Shape, key: Shape) -> None:
        """Raise a ValueError that names the expected and the given shapes."""
        raise ValueError(
            f"{type(self).__name__} expected {expected}; got query {query}, value {value}, key {key}"
        )

    def project_keys(self, key: Tensor) -> Tensor:
        """Project the keys once for all queries. By default the keys are returned unchanged."""
        return key

    def score(self, query: Tensor, key: Tensor) -> Tensor:
        """Return the scores `(batch, ..., queries, keys)` of every query with every projected key."""
        raise NotImplementedError

    def attend(
        self, query: Tensor, value: Tensor, key: Tensor, keep: Tensor | None, training: bool | None
    ) -> tuple[Tensor, Tensor]:
        """Return outputs and weights for projected keys; `keep` broadcasts to `(..., queries, keys)`."""
        weights = masked_softmax(self.score(query, key), keep)
        dropped = weights
        if self.seed_generator is not None and training:
            dropped = keras.random.dropout(weights, self.dropout, seed=self.seed_generator)
        return ops.matmul(ops.cast(dropped, value.dtype), value), ops.cast(weights, value.dtype)

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
        key = value if key is None else key
        keep = combine_masks(query_mask, value_mask, key_mask, attention_mask)
        if use_causal_mask:
            causal = causal_mask(ops.shape(query)[-2], ops.shape(key)[-2])
            keep = causal if keep is None else ops.logical_and(keep, causal)
        outputs, weights = self.attend(query, value, self.project_keys(key), keep, training)
        return (outputs, weights) if return_attention_scores else outputs

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
        keys = value if key is None else key
        self.check_shapes(query.shape, value.shape, keys.shape)
        outputs = KerasTensor((*query.shape[:-1], value.shape[-1]), dtype=self.compute_dtype)
        if not return_attention_scores:
            return outputs
        return outputs, KerasTensor((*query.shape[:-1], keys.shape[-2]), dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return super().get_config() | {"dropout": self.dropout, "seed": self.seed}


def masked_softmax(scores: Tensor, keep: Tensor | None) -> Tensor:
    """Return the softmax over the last axis, in float32 at least. Masked scores get weight exactly 0."""
    scores = ops.cast(scores, keras.backend.result_type(scores.dtype, "float32"))
    if keep is None:
        return _softmax(scores)
    return ops.where(keep, _softmax(ops.where(keep, scores, MASKED_SCORE)), 0.0)


def _softmax(scores: Tensor) -> Tensor:
    """softmax over the last axis. Keras warns where that has one key, which attention may well have."""
    return ops.softmax(scores, axis=-1) if scores.shape[-1] != 1 else ops.exp(scores - scores)


def combine_masks(
    query_mask: Tensor | None,
    value_mask: Tensor | None,
    key_mask: Tensor | None,
    attention_mask: Tensor | None,
) -> Tensor | None:
    """Combine all masks into one that broadcasts to `(batch, ..., queries, keys)`; None if all are None."""
    keep = None if attention_mask is None else ops.cast(attention_mask, "bool")
    for mask, axis in ((query_mask, -1), (value_mask, -2), (key_mask, -2)):
        if mask is not None:
            mask = ops.expand_dims(ops.cast(mask, "bool"), axis)
            keep = mask if keep is None else ops.logical_and(keep, mask)
    return keep


def causal_mask(queries: int, keys: int) -> Tensor:
    """Return the causal mask `(queries, keys)`, True where the key is not after the query."""
    return ops.expand_dims(ops.arange(queries), -1) >= ops.arange(keys)


ATTENTIONS: dict[str, type[Attention]] = {}
"""The attention classes, by the names that model builders use."""

AttentionT = TypeVar("AttentionT", bound=Attention)


def register_attention(name: str) -> Callable[[type[AttentionT]], type[AttentionT]]:
    """Register the decorated layer for `keras.saving.load_model` and, by this name, for model builders.

    Raises:
        ValueError: the name is taken.
    """

    def register(kind: type[AttentionT]) -> type[AttentionT]:
        if name in ATTENTIONS:
            raise ValueError(f"an attention named {name!r} is registered already")
        ATTENTIONS[name] = kind
        return keras.saving.register_keras_serializable("kzoo")(kind)

    return register


def create_attention(attention: str, units: int, **options: Any) -> Attention | None:
    """Create the attention registered under this name, as a layer named "attention"; return None for "none".

    Raises:
        ValueError: the name is unknown.
    """
    if attention == "none":
        return None
    if attention not in ATTENTIONS:
        known = ", ".join(sorted(ATTENTIONS))
        raise ValueError(f"attention must be one of none, {known}, not {attention!r}")
    return ATTENTIONS[attention].of_units(units, **{"name": "attention", **options})
