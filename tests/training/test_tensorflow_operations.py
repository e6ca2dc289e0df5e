"""The LSTM in place of Keras's on TensorFlow, against Keras's own."""

from __future__ import annotations

import keras
import numpy as np
import pytest

if keras.backend.backend() != "tensorflow":
    pytest.skip("the operations are TensorFlow's", allow_module_level=True)

import tensorflow as tf

from kzoo.training.engines.tensorflow_operations import fast_operations

BATCH, STEPS, FEATURES, UNITS = 5, 7, 3, 4
MASKS = {
    "padded": np.arange(STEPS) < np.array([7, 1, 4, 0, 6])[:, None],
    "scattered": np.random.default_rng(5).random((BATCH, STEPS)) < 0.6,
}


def noise(*shape: int, seed: int = 0) -> tf.Tensor:
    return tf.constant(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


def compute(layer: keras.layers.LSTM, inputs: tf.Tensor, **arguments) -> list[np.ndarray]:
    """The outputs, the states, and the gradients of the inputs and of the weights, as a compiled graph."""

    upstream = [noise(*shape, seed=9) for shape in ((BATCH, STEPS, UNITS), (BATCH, UNITS), (BATCH, UNITS))]

    @tf.function
    def run() -> list[tf.Tensor]:
        weights = [weight.value for weight in layer.trainable_variables]
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            results = layer(inputs, **arguments)
            loss = sum(map(tf.reduce_sum, map(tf.multiply, results, upstream)))
        return [*results, *tape.gradient(loss, [inputs, *weights])]

    return [result.numpy() for result in run()]


@pytest.mark.parametrize("masked", [None, *MASKS])
@pytest.mark.parametrize("begun", [False, True], ids=["from zeros", "from a state"])
@pytest.mark.parametrize("go_backwards", [False, True])
def test_the_lstm_is_that_of_keras(masked, begun, go_backwards):
    keras.utils.set_random_seed(1)
    layer = keras.layers.LSTM(UNITS, return_sequences=True, return_state=True, go_backwards=go_backwards)
    layer.build((BATCH, STEPS, FEATURES))
    arguments = {"initial_state": [noise(BATCH, UNITS, seed=2), noise(BATCH, UNITS, seed=3)]} if begun else {}
    if masked:
        arguments["mask"] = tf.constant(MASKS[masked])
    inputs = noise(BATCH, STEPS, FEATURES)
    expected = compute(layer, inputs, **arguments)
    with fast_operations():
        found = compute(layer, inputs, **arguments)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_the_last_output_alone_is_that_of_keras():
    layer, inputs = keras.layers.LSTM(UNITS), noise(BATCH, STEPS, FEATURES)
    mask = tf.constant(MASKS["padded"])
    expected = layer(inputs, mask=mask)
    with fast_operations():
        np.testing.assert_allclose(layer(inputs, mask=mask), expected, rtol=1e-5, atol=1e-6)
