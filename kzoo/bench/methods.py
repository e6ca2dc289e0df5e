"""The attention methods of the benchmark: `(query, key, value) -> outputs`, all `(1, length, dim)`."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from kzoo.layers.attention import Attention
from kzoo.layers.dot_product_attention import DotProductAttention
from kzoo.layers.feature_maps import MaclaurinFeatureMap
from kzoo.layers.linear_attention import LinearAttention

Function = Callable[[Any, Any, Any], Any]

FEATURE_MAPS = {
    "linear K=1": MaclaurinFeatureMap(1, merged=False),
    "linear K=2": MaclaurinFeatureMap(2, merged=False),
    "linear K=3": MaclaurinFeatureMap(3, merged=False),
    "linear K=3 merged": MaclaurinFeatureMap(3, merged=True),
}
KERAS_SOFTMAX, KZOO_SOFTMAX = SOFTMAX = ("softmax keras.ops", "softmax kzoo")
METHODS = (*SOFTMAX, *FEATURE_MAPS)


def create(method: str) -> Function:
    """Return the function of a method."""
    if method == KERAS_SOFTMAX:
        return _keras_softmax
    if method == KZOO_SOFTMAX:
        return _call_layer(DotProductAttention())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # negative weights of two terms do not affect the time
        return _call_layer(LinearAttention(FEATURE_MAPS[method]))


def random_inputs(length: int, dim: int) -> tuple[Any, Any, Any]:
    """Draw normal query, key and value; the keys are small, so that the series of exp is accurate."""
    rng = np.random.default_rng(0)
    scales = (1.0, 0.25, 1.0)
    arrays = [scale * rng.standard_normal((1, length, dim), dtype=np.float32) for scale in scales]
    query, key, value = (keras.ops.convert_to_tensor(array) for array in arrays)
    return query, key, value


def _keras_softmax(query: Any, key: Any, value: Any) -> Any:
    """Compute softmax attention by `keras.ops`, with a single head."""
    heads = [ops.expand_dims(x, 2) for x in (query, key, value)]
    return ops.squeeze(ops.dot_product_attention(*heads), 2)


def _call_layer(layer: Attention) -> Function:
    """Build an attention layer and return a function that calls it."""
    # The layer is built here, because one built while a backend traces it would keep a tensor of the trace.
    probe = ops.zeros((1, 2, 2))
    layer(probe, probe, probe)
    return lambda query, key, value: layer(query, value, key)
