"""`AttentionalOutput` by Luong's equation."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from attentions import array

from kzoo.layers import AttentionalOutput

UNITS, QUERY_DIM, CONTEXT_DIM = 11, 5, 7


def built(**options) -> AttentionalOutput:
    layer = AttentionalOutput(UNITS, **options)
    layer.build((None, QUERY_DIM), (None, CONTEXT_DIM))
    rng = np.random.default_rng(59)
    layer.set_weights([rng.normal(size=weight.shape) for weight in layer.weights])
    return layer


def inputs(*before: int) -> list[np.ndarray]:
    rng = np.random.default_rng(61)
    return [rng.normal(size=(*before, dim)).astype("float32") for dim in (QUERY_DIM, CONTEXT_DIM)]


@pytest.mark.parametrize("before", [(2,), (2, 3)], ids=["a step", "all steps"])
@pytest.mark.parametrize("use_bias", [True, False])
def test_by_the_equation(before, use_bias):
    layer, (query, context) = built(use_bias=use_bias), inputs(*before)
    kernel = array(layer.projection.kernel)
    bias = array(layer.projection.bias) if use_bias else 0.0
    expected = np.tanh(query @ kernel[:QUERY_DIM] + context @ kernel[QUERY_DIM:] + bias)
    np.testing.assert_allclose(array(layer(query, context)), expected, atol=1e-5)
    assert layer.count_params() == UNITS * (QUERY_DIM + CONTEXT_DIM + use_bias)


def test_another_activation():
    layer, (query, context) = built(activation="relu"), inputs(2)
    expected = np.maximum(np.arctanh(array(built()(query, context)).clip(-1 + 1e-6, 1 - 1e-6)), 0)
    saturated = expected > 4
    np.testing.assert_allclose(array(layer(query, context))[~saturated], expected[~saturated], atol=1e-2)


def test_the_mask_of_the_query_stays():
    ids = np.array([[3, 1, 0], [2, 0, 0]])
    query = keras.layers.Embedding(5, QUERY_DIM, mask_zero=True)(ids)
    _, context = inputs(2, 3)
    outputs = built()(query, context)
    pooled = array(keras.layers.GlobalAveragePooling1D()(outputs))
    kept = (ids > 0)[..., None]
    np.testing.assert_allclose(pooled, (array(outputs) * kept).sum(1) / kept.sum(1), atol=1e-6)


def test_a_file_keeps_the_outputs(tmp_path):
    query, context = keras.Input((None, QUERY_DIM)), keras.Input((None, CONTEXT_DIM))
    model = keras.Model([query, context], AttentionalOutput(UNITS)(query, context))
    assert model.output_shape == (None, None, UNITS)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(array(again(inputs(2, 3))), array(model(inputs(2, 3))))


def test_units_must_be_positive():
    with pytest.raises(ValueError, match="AttentionalOutput: units must be positive, not 0"):
        AttentionalOutput(0)
