"""The operations that a traced step has in place of Keras's, against Keras's own."""

from __future__ import annotations

import keras
import numpy as np
import pytest

if keras.backend.backend() != "torch":
    pytest.skip("the operations are PyTorch's", allow_module_level=True)

import torch

from kzoo.training.engines.torch_operations import traceable

BATCH, STEPS, FEATURES, UNITS = 5, 7, 3, 4
LENGTHS = np.array([7, 1, 4, 0, 6])


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.tensor(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


def run(layer: keras.layers.LSTM, inputs: torch.Tensor, **arguments) -> list[np.ndarray]:
    """The outputs, the states, and the gradients of the inputs and of the weights."""
    inputs = inputs.clone().requires_grad_()
    results = layer(inputs, **arguments)
    weights = [weight.value for weight in layer.trainable_variables]
    upstream = [noise(*result.shape, seed=9 + index) for index, result in enumerate(results)]
    loss = sum((result * factor).sum() for result, factor in zip(results, upstream, strict=True))
    return [x.detach().numpy() for x in (*results, *torch.autograd.grad(loss, (inputs, *weights)))]


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("begun", [False, True], ids=["from zeros", "from a state"])
@pytest.mark.parametrize("go_backwards", [False, True])
def test_the_fused_lstm_is_that_of_keras(masked, begun, go_backwards):
    keras.utils.set_random_seed(1)
    layer = keras.layers.LSTM(UNITS, return_sequences=True, return_state=True, go_backwards=go_backwards)
    inputs = noise(BATCH, STEPS, FEATURES)
    arguments = {"initial_state": [noise(BATCH, UNITS, seed=2), noise(BATCH, UNITS, seed=3)]} if begun else {}
    if masked:
        arguments["mask"] = torch.tensor(np.arange(STEPS) < LENGTHS[:, None])
    expected = run(layer, inputs, **arguments)
    with traceable():
        found = run(layer, inputs, **arguments)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


COUNT, RATE = 3000, 0.4


def dropped(layer: keras.layers.Dropout, inputs: torch.Tensor) -> np.ndarray:
    with traceable():
        return layer(inputs, training=True).numpy()


def test_dropout_keeps_a_share_and_scales_it():
    inputs = noise(COUNT, FEATURES)
    outputs = dropped(keras.layers.Dropout(RATE, seed=7), inputs)
    kept = outputs != 0
    np.testing.assert_allclose(outputs[kept], inputs.numpy()[kept] / (1 - RATE), rtol=1e-6)
    deviation = np.sqrt(RATE * (1 - RATE) / kept.size)
    assert abs(kept.mean() - (1 - RATE)) < 4 * deviation


def test_dropout_draws_anew_from_the_state_of_its_seed():
    inputs, layers = noise(COUNT, FEATURES), [keras.layers.Dropout(RATE, seed=7) for _ in range(2)]
    first, second = ([dropped(layer, inputs) for _ in range(3)] for layer in layers)
    for ours, theirs in zip(first, second, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    # Independent draws agree at a share of (1 - rate)^2 + rate^2.
    same = np.mean((first[0] == 0) == (first[1] == 0))
    assert abs(same - ((1 - RATE) ** 2 + RATE**2)) < 4 * 0.5 / np.sqrt(first[0].size)


def test_dropout_may_drop_whole_steps():
    outputs = dropped(
        keras.layers.Dropout(RATE, noise_shape=(COUNT, 1, None), seed=7), torch.ones(COUNT, STEPS, 2)
    )
    assert (outputs == outputs[:, :1]).all()
    assert (outputs[:, 0, 0] != outputs[:, 0, 1]).any()


def test_other_dropout_is_left_to_keras():
    for layer in (keras.layers.Dropout(RATE), keras.layers.Dropout(0.0, seed=1)):
        assert dropped(layer, noise(COUNT, FEATURES)).shape == (COUNT, FEATURES)
