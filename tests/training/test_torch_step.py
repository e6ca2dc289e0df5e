"""The traced training step on PyTorch, against the same step of eager Keras."""

from __future__ import annotations

from functools import partial

import keras
import numpy as np
import pytest
from keras import layers

if keras.backend.backend() != "torch":
    pytest.skip("the traced step is PyTorch's", allow_module_level=True)

import torch

from kzoo.layers import BatchNormalization
from kzoo.training.engines import torch as module
from kzoo.training.engines.torch import SGD, Adam, compile_training
from kzoo.training.engines.torch_operations import traceable
from kzoo.training.objective import image_classification

COUNT, SIDE, CLASSES = 13, 5, 3
OBJECTIVE = image_classification()
ORDER = np.array([[1, 5, 2, 0], [3, 12, 4, 11], [7, 6, 10, 9]], np.int32)
NO_LENGTHS = np.zeros((len(ORDER), 0), np.int32)


@pytest.fixture
def graphs(monkeypatch):
    """Whether each step that was compiled is a graph."""
    found, trace = [], module.trace

    def watch(*arguments):
        step = trace(*arguments)
        found.append(isinstance(step, torch.fx.GraphModule))
        return step

    monkeypatch.setattr(module, "trace", watch)
    return found


@pytest.fixture
def arrays():
    rng = np.random.default_rng(3)
    images = rng.integers(0, 256, (COUNT, SIDE, SIDE, 2), dtype=np.uint8)
    labels = rng.integers(0, CLASSES, COUNT, dtype=np.int32)
    return tuple(map(keras.ops.convert_to_tensor, (images, labels)))


def network(*between: keras.layers.Layer) -> keras.Model:
    keras.utils.set_random_seed(2)
    inputs = x = keras.Input((SIDE, SIDE, 2))
    for layer in (layers.Conv2D(4, 3), *between, layers.Flatten(), layers.Dense(CLASSES)):
        x = layer(x)
    return keras.Model(inputs, layers.Activation("log_softmax")(x))


def eager_steps(model, optimizer, arrays, order) -> float:
    """The same steps, one after the other, as Keras takes them."""
    total, weights = torch.zeros(()), model.trainable_variables
    for rows in torch.tensor(order):
        inputs, targets = OBJECTIVE.batch(arrays, rows, [])
        with traceable():  # the same draws of dropout
            loss = OBJECTIVE.loss(targets, model(inputs, training=True))
        model.zero_grad()
        loss.backward()
        with torch.no_grad():
            optimizer.apply([weight.value.grad for weight in weights], weights)
        total = total + loss.detach()
    return float(total)


OPTIMIZERS = {
    "sgd": SGD,
    "momentum": partial(SGD, momentum=0.8),
    "nesterov": partial(SGD, momentum=0.8, nesterov=True),
    "adam": Adam,
    "rmsprop": partial(keras.optimizers.RMSprop, momentum=0.8),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_the_losses_and_the_state_are_those_of_eager_steps_to_the_bit(arrays, graphs, optimizer):
    ours, theirs = (network(BatchNormalization(), layers.Dropout(0.4, seed=5)) for _ in range(2))
    rate = keras.optimizers.schedules.CosineDecay(0.05, 5)
    first, second = optimizer(rate), optimizer(rate)
    first.build(ours.trainable_variables)
    second.build(theirs.trainable_variables)
    run = compile_training(ours, first, OBJECTIVE)
    for _ in range(2):
        assert run(arrays, ORDER, NO_LENGTHS) == eager_steps(theirs, second, arrays, ORDER)
    assert graphs == [True]
    for kept, expected in zip(ours.variables, theirs.variables, strict=True):
        assert torch.equal(kept.value, expected.value), kept.path
    for kept, expected in zip(first.variables, second.variables, strict=True):
        assert torch.equal(kept.value, expected.value), kept.path


def test_the_last_batch_may_be_smaller(arrays, graphs):
    ours, theirs = network(), network()
    first, second = SGD(0.1), SGD(0.1)
    first.build(ours.trainable_variables)
    second.build(theirs.trainable_variables)
    run = compile_training(ours, first, OBJECTIVE)
    for order in (ORDER, ORDER[:1, :3], ORDER):
        lengths = np.zeros((len(order), 0), np.int32)
        assert run(arrays, order, lengths) == eager_steps(theirs, second, arrays, order)
    assert graphs == [True, True]


def test_dropout_without_a_seed_draws_anew_at_each_step(arrays):
    model, optimizer = network(layers.Dropout(0.5)), SGD(0.0)
    optimizer.build(model.trainable_variables)
    run = compile_training(model, optimizer, OBJECTIVE)
    assert len({run(arrays, ORDER[:1], NO_LENGTHS[:1]) for _ in range(4)}) == 4


class Branching(keras.layers.Layer):
    """Doubles its inputs if their sum is positive, which no trace can see."""

    def call(self, inputs):
        return inputs * (2 if float(inputs.sum()) > 0 else 1)

    def compute_output_shape(self, shape):
        return shape


@pytest.mark.parametrize("scaled", [False, True])
def test_what_branches_on_values_runs_eagerly(arrays, graphs, scaled):
    between = [] if scaled else [Branching()]
    ours, theirs = network(*between), network(*between)
    first, second = keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1)
    if scaled:
        first = keras.optimizers.LossScaleOptimizer(first)
    first.build(ours.trainable_variables)
    second.build(theirs.trainable_variables)
    run = compile_training(ours, first, OBJECTIVE)
    found = [run(arrays, ORDER, NO_LENGTHS) for _ in range(2)]
    np.testing.assert_allclose(
        found, [eager_steps(theirs, second, arrays, ORDER) for _ in range(2)], rtol=1e-5
    )
    assert graphs == [False]
