"""The convolution in place of Keras's on JAX, against Keras's own."""

from __future__ import annotations

from contextlib import nullcontext

import keras
import numpy as np
import pytest

if keras.backend.backend() != "jax":
    pytest.skip("the operations are JAX's", allow_module_level=True)

import jax

from kzoo.training.engines import jax_operations
from kzoo.training.engines.jax_operations import fast_operations


@pytest.mark.parametrize("rows", [1, 3, 4, 7])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"padding": "same", "strides": 2},
        {"padding": "same", "dilation_rate": 2},
        {"groups": 2, "use_bias": False},
    ],
    ids=str,
)
def test_the_convolution_and_its_gradients_are_those_of_keras(monkeypatch, rows, options):
    monkeypatch.setattr(jax_operations, "PART", 3)
    keras.utils.set_random_seed(1)
    layer = keras.layers.Conv2D(6, 3, **options)
    layer.build((rows, 7, 8, 4))
    rng = np.random.default_rng(2)
    inputs = rng.normal(size=(rows, 7, 8, 4)).astype(np.float32)
    upstream = rng.normal(size=layer.compute_output_shape(inputs.shape)).astype(np.float32)

    def compute() -> list[np.ndarray]:
        def outputs(inputs, weights):
            return layer.stateless_call(weights, [], inputs)[0]

        weights = [weight.value for weight in layer.trainable_variables]
        found, gradients = jax.vjp(outputs, inputs, weights)
        return [np.asarray(each) for each in jax.tree.leaves((found, gradients(upstream)))]

    expected = compute()
    with fast_operations():
        found = compute()
    assert len(found) == (4 if layer.use_bias else 3)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)


def test_the_gradient_of_a_kernel_is_computed_in_parts(monkeypatch):
    monkeypatch.setattr(jax_operations, "PART", 3)
    layer = keras.layers.Conv2D(6, 3)
    layer.build((7, 5, 5, 4))

    def count(fast: bool) -> int:
        def loss(weights):
            return layer.stateless_call(weights, [], np.ones((7, 5, 5, 4), np.float32))[0].sum()

        with fast_operations() if fast else nullcontext():
            graph = jax.make_jaxpr(jax.grad(loss))([w.value for w in layer.trainable_variables])
        return str(graph).count("conv_general_dilated")

    assert count(fast=True) > count(fast=False) + 1
