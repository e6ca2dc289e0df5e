"""`kzoo.layers.BatchNormalization` against the equations and against Keras's own layer."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from gradients import differentiate

from kzoo.layers import BatchNormalization

SHAPES = [(7, 5), (7, 3, 5), (3, 2, 7, 5)]
MOMENTUM, EPSILON = 0.7, 0.01


def built(shape: tuple[int, ...], **options) -> BatchNormalization:
    layer = BatchNormalization(MOMENTUM, EPSILON, **options)
    layer.build(shape)
    rng = np.random.default_rng(11)
    for variable in layer.weights:
        variable.assign(rng.uniform(0.5, 2.0, variable.shape))
    return layer


def arrays(layer: keras.Layer) -> dict[str, np.ndarray]:
    return {weight.name: keras.ops.convert_to_numpy(weight) for weight in layer.weights}


def batch(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(13).normal(1.0, 3.0, shape).astype("float32")


@pytest.mark.parametrize("shape", SHAPES)
def test_training_by_the_equations(shape):
    layer, x = built(shape), batch(shape)
    before = arrays(layer)
    outputs = keras.ops.convert_to_numpy(layer(x, training=True))
    rows = x.reshape(-1, shape[-1]).astype("float64")
    mean, variance = rows.mean(axis=0), rows.var(axis=0)
    expected = before["gamma"] * (x - mean) / np.sqrt(variance + EPSILON) + before["beta"]
    np.testing.assert_allclose(outputs, expected, atol=1e-5)
    after = arrays(layer)
    unbiased = rows.var(axis=0, ddof=1)
    assert (unbiased / variance).min() > 1.01
    for name, value in (("moving_mean", mean), ("moving_variance", unbiased)):
        np.testing.assert_allclose(
            after[name], MOMENTUM * before[name] + (1 - MOMENTUM) * value, rtol=1e-5, err_msg=name
        )


@pytest.mark.parametrize("shape", SHAPES)
def test_inference_and_frozen_by_the_equations(shape):
    layer, x = built(shape), batch(shape)
    known = arrays(layer)
    scale = known["gamma"] / np.sqrt(known["moving_variance"] + EPSILON)
    expected = scale * (x - known["moving_mean"]) + known["beta"]
    np.testing.assert_allclose(keras.ops.convert_to_numpy(layer(x)), expected, atol=1e-5)
    layer.trainable = False
    np.testing.assert_allclose(keras.ops.convert_to_numpy(layer(x, training=True)), expected, atol=1e-5)
    for name, value in arrays(layer).items():
        np.testing.assert_array_equal(value, known[name])


@pytest.mark.parametrize("shape", SHAPES)
def test_gradients_are_those_of_keras(shape):
    x, labels = batch(shape), np.arange(shape[0]) % 3
    gradients = []
    for kind in (BatchNormalization, keras.layers.BatchNormalization):
        inputs = keras.Input(shape[1:])
        hidden = kind(momentum=MOMENTUM, epsilon=EPSILON)(inputs)
        logits = keras.layers.Dense(3)(keras.layers.Flatten()(hidden))
        model = keras.Model(inputs, keras.layers.Activation("log_softmax")(logits))
        rng = np.random.default_rng(17)
        for variable in model.weights:
            variable.assign(rng.uniform(0.5, 1.5, variable.shape))
        gradients.append(differentiate(model, x, labels.astype("int32"), training=True)[1])
    for ours, theirs in zip(*gradients, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_a_single_value_keeps_the_average_finite():
    layer = built((1, 5))
    layer(batch((1, 5)), training=True)
    assert all(np.isfinite(value).all() for value in arrays(layer).values())


@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_keeps_float32_averages(dtype):
    layer, exact, x = built((3, 2, 7, 5), dtype=dtype), built((3, 2, 7, 5)), batch((3, 2, 7, 5))
    outputs = layer(keras.ops.cast(x, layer.compute_dtype), training=True)
    assert keras.backend.standardize_dtype(outputs.dtype) == layer.compute_dtype
    expected = keras.ops.convert_to_numpy(exact(x, training=True))
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(keras.ops.cast(outputs, "float32")), expected, atol=0.05
    )
    for name, value in arrays(layer).items():
        assert value.dtype == "float32"
        np.testing.assert_allclose(value, arrays(exact)[name], rtol=0.02, err_msg=name)


def test_survives_its_config_and_a_file(tmp_path):
    layer = BatchNormalization(MOMENTUM, EPSILON, trainable=False, dtype="mixed_bfloat16", name="norm")
    twin = BatchNormalization.from_config(layer.get_config())
    assert twin.get_config() == layer.get_config()
    assert (twin.momentum, twin.epsilon, twin.trainable, twin.name) == (MOMENTUM, EPSILON, False, "norm")
    inputs = keras.Input((3, 5))
    model = keras.Model(inputs, BatchNormalization(MOMENTUM, EPSILON)(inputs))
    x = batch((7, 3, 5))
    model(x, training=True)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert isinstance(again.layers[1], BatchNormalization)
    np.testing.assert_array_equal(*(keras.ops.convert_to_numpy(twin(x)) for twin in (model, again)))
