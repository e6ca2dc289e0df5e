"""The LSTM and the loops in place of Keras's on TensorFlow, against Keras's own."""

from __future__ import annotations

import keras
import numpy as np
import pytest

if keras.backend.backend() != "tensorflow":
    pytest.skip("the operations are TensorFlow's", allow_module_level=True)

import tensorflow as tf

from kzoo.training.engines.tensorflow import XLA_CALLS, compile_function
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


def power(base: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
    """base^count as a loop, which reads a tensor from outside; its state is nested."""

    def more(index: tf.Tensor, _: dict[str, tf.Tensor]) -> tf.Tensor:
        return index < count

    def multiply(index: tf.Tensor, state: dict[str, tf.Tensor]) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        return index + 1, {"power": state["power"] * base}

    begun = (keras.ops.zeros((), "int32"), {"power": keras.ops.ones_like(base)})
    return keras.ops.while_loop(more, multiply, begun)[1]["power"]


@pytest.mark.skipif(bool(tf.config.list_physical_devices("GPU")), reason="a GPU runs loops as they are")
@pytest.mark.parametrize(("calls", "by_xla"), [(1, False), (XLA_CALLS - 1, False), (XLA_CALLS, True)])
def test_xla_compiles_the_loops_of_what_is_called_often(monkeypatch, calls, by_xla):
    compiled, made = tf.function, []
    monkeypatch.setattr(
        tf, "function", lambda *args, **options: made.append(options) or compiled(*args, **options)
    )
    run = compile_function(power, [], calls)
    for base in (tf.constant([2.0, 3.0]), tf.constant([1.0, 2.0, 4.0])):
        np.testing.assert_array_equal(run(base, tf.constant(3)), base**3)
    assert any(options.get("jit_compile") for options in made) == by_xla
