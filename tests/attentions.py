"""The attention layers under test, with their equations in NumPy; a new attention needs one more row.

p_ij = s(q_i, k_j) / sum_j s(q_i, k_j),    c_i = sum_j p_ij v_j
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import pytest

from kzoo.layers import (
    Attention,
    BahdanauAttention,
    BilinearAttention,
    DotProductAttention,
    EluFeatureMap,
    LinearAttention,
    MaclaurinFeatureMap,
)

QUERIES, KEYS, QUERY_DIM, KEY_DIM, VALUE_DIM, UNITS = 5, 7, 13, 3, 17, 19
HEADS = (2, 11)
"""The axes before the length axis of inputs with four axes."""

EXAMPLES = 3 if keras.backend.backend() == "jax" else 7
"""The number of shapes to draw; JAX compiles for each of them."""

Similarity = Callable[[Attention, np.ndarray, np.ndarray], float]


@dataclass(frozen=True)
class Row:
    """An attention layer to test, with its equation in NumPy."""

    kind: type[Attention]
    similarity: Similarity
    """s(q, k) by the equation of its docstring, from the layer's weights."""
    options: dict[str, Any] = field(default_factory=dict)
    query_dim: int = QUERY_DIM
    has_scores: bool = True
    """Whether the layer computes scores, which can be masked and dropped out."""
    idle: str = "none"
    """The weight that cancels in the softmax and so has no effect."""

    def make(self, **options: Any) -> Attention:
        return self.kind(**self.options | options)

    def built(self, **options: Any) -> Attention:
        """Return the built layer with random weights and biases."""
        layer = self.make(**options)
        shapes = ((None, None, dim) for dim in (self.query_dim, VALUE_DIM, KEY_DIM))
        layer.build(*shapes)
        rng = np.random.default_rng(23)
        layer.set_weights([rng.normal(0, 0.3, weight.shape) for weight in layer.weights])
        return layer

    def inputs(
        self, queries: int = QUERIES, keys: int = KEYS, before: tuple[int, ...] = (2,)
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Draw queries, values and keys of different sizes."""
        rng = np.random.default_rng(29)
        sizes = ((queries, self.query_dim), (keys, VALUE_DIM), (keys, KEY_DIM))
        query, value, key = (rng.normal(0, 0.5, (*before, *size)).astype("float32") for size in sizes)
        return query, value, key

    def masks(
        self, queries: int = QUERIES, keys: int = KEYS, before: tuple[int, ...] = (2,), seed: int = 31
    ) -> dict[str, np.ndarray]:
        """Draw all masks that the layer takes, each with masked positions; some queries may see no key."""
        rng = np.random.default_rng(seed)
        masks = {
            "query_mask": rng.random((*before, queries)) < 0.8,
            "value_mask": rng.random((*before, keys)) < 0.8,
            "key_mask": rng.random((*before, keys)) < 0.8,
        }
        masks["value_mask"][..., 0] = False  # so that the first query of a causal layer sees no key
        if self.has_scores:
            masks["attention_mask"] = rng.random((*before, queries, keys)) < 0.8
        return masks

    def expect(
        self,
        layer: Attention,
        query: np.ndarray,
        value: np.ndarray,
        key: np.ndarray,
        causal: bool = False,
        **masks: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Compute the outputs and the weights p by the equation, one pair of query and key at a time."""
        keep = keep_by_hand(query, key, causal, **masks)
        weights = np.zeros(keep.shape)
        for *before, i, j in np.argwhere(keep):
            weights[*before, i, j] = self.similarity(layer, query[*before, i], key[*before, j])
        total = weights.sum(axis=-1, keepdims=True)
        weights = np.divide(weights, total, out=np.zeros_like(weights), where=keep.any(-1, keepdims=True))
        return weights @ value, weights


def keep_by_hand(query: np.ndarray, key: np.ndarray, causal: bool = False, **masks: np.ndarray) -> np.ndarray:
    """Combine all masks to one of shape `(..., queries, keys)`, True where a query sees a key."""
    *before, queries, _ = query.shape
    keep = np.ones((*before, queries, key.shape[-2]), bool)
    for *place, i, j in np.ndindex(keep.shape):
        keep[*place, i, j] = (
            masks.get("query_mask", np.array(True))[(*place, i) if "query_mask" in masks else ()]
            and all(masks[name][*place, j] for name in ("value_mask", "key_mask") if name in masks)
            and ("attention_mask" not in masks or masks["attention_mask"][*place, i, j])
            and (j <= i or not causal)
        )
    return keep


def array(tensor: Any) -> np.ndarray:
    """Convert a tensor to a NumPy array in float64."""
    return keras.ops.convert_to_numpy(tensor).astype("float64")


def quick(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile the function on JAX, where that is quicker than to compile each of its operations."""
    if keras.backend.backend() != "jax":
        return function
    import jax

    return jax.jit(function)


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile the function with the backend, on TensorFlow for any batch size and any lengths."""
    backend = keras.backend.backend()
    if backend == "jax":
        return quick(function)
    if backend == "torch":
        pytest.skip("Keras does not compile on PyTorch")
    import tensorflow as tf

    def specification(x: np.ndarray) -> tf.TensorSpec:
        rank = np.ndim(x)
        shape = (None,) * rank if x.dtype == bool else (*(None,) * (rank - 1), x.shape[-1])
        return tf.TensorSpec(shape, x.dtype)

    def call(*arrays: np.ndarray) -> Any:
        return tf.function(function, input_signature=[specification(x) for x in arrays])(*arrays)

    return call


def _dot(layer, query, key):
    return math.exp(query @ key / math.sqrt(len(query)))


def _plain_dot(layer, query, key):
    return math.exp(query @ key)


def _bilinear(layer, query, key):
    bias = array(layer.projection.bias) if layer.use_bias else 0.0
    return math.exp((query @ array(layer.projection.kernel) + bias) @ key)


def _bahdanau(function):
    def similarity(layer, query, key):
        parts = (layer.query_projection, layer.key_projection, layer.scorer)
        kernels = [array(part.kernel) for part in parts]
        biases = [array(part.bias) if layer.use_bias else 0.0 for part in parts]
        hidden = function(query @ kernels[0] + biases[0] + key @ kernels[1] + biases[1])
        return math.exp((hidden @ kernels[2] + biases[2]).item())

    return similarity


def _series(terms, scaled=True):
    def similarity(layer, query, key):
        score = query.astype("float64") @ key / (math.sqrt(len(query)) if scaled else 1)
        return sum(score**n / math.factorial(n) for n in range(terms))

    return similarity


def _elu(layer, query, key):
    query = query / math.sqrt(len(query))
    return sum(
        (q + 1 if q > 0 else math.exp(q)) * (k + 1 if k > 0 else math.exp(k))
        for q, k in zip(query, key, strict=True)
    )


ATTENTIONS = {
    "dot-product": Row(DotProductAttention, _dot, query_dim=KEY_DIM),
    "dot-product unscaled": Row(DotProductAttention, _plain_dot, {"scaled": False}, KEY_DIM),
    "bilinear": Row(BilinearAttention, _bilinear),
    "bilinear with bias": Row(BilinearAttention, _bilinear, {"use_bias": True}),
    "bahdanau": Row(BahdanauAttention, _bahdanau(np.tanh), {"units": UNITS}),
    "bahdanau relu with biases": Row(
        BahdanauAttention,
        _bahdanau(lambda x: np.maximum(x, 0)),
        {"units": UNITS, "activation": "relu", "use_bias": True},
        idle="scorer/bias",
    ),
    "linear": Row(LinearAttention, _series(3), query_dim=KEY_DIM, has_scores=False),
    "linear unscaled, plain": Row(
        LinearAttention,
        _series(3, scaled=False),
        {"scaled": False, "feature_map": MaclaurinFeatureMap(3, merged=False)},
        KEY_DIM,
        has_scores=False,
    ),
    "linear elu": Row(
        LinearAttention, _elu, {"feature_map": EluFeatureMap()}, query_dim=KEY_DIM, has_scores=False
    ),
}
