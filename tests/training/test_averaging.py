"""The moving average of the weights: a_1 = w_1, a_t = m a_{t-1} + (1 - m) w_t."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from kzoo.training.averaging import averaged
from kzoo.training.loop import Listener, fit
from kzoo.training.progress import Progress


def values(model: keras.Model) -> list[np.ndarray]:
    return [keras.ops.convert_to_numpy(weight).copy() for weight in model.trainable_variables]


@pytest.fixture
def trained(stateful_model, image_experiment, training, noise):
    """`trained(averaging=0.7)` trains four epochs of one step each.

    It returns the model, its optimiser, and the weights after each step as the validation and as the
    listener found them.
    """

    def build(precision: str = "float32", **options: object):
        settings = training(epochs=4, batch_size=24, **options)
        experiment = image_experiment(settings, noise(24), precision=precision)
        model = stateful_model()
        optimizer = experiment.create_optimizer(model)
        validated, own = [], []

        def validate() -> dict[str, float]:
            validated.append(values(model))
            return {}

        listener = Listener(lambda *_: None, lambda row: own.append(values(model)))
        parts = experiment.objective(), settings, experiment.examples()
        fit(model, optimizer, *parts, validate, experiment.criterion, Progress(), listener)
        return model, optimizer, validated, own

    return build


def assert_same(ours: list[np.ndarray], theirs: list[np.ndarray]) -> None:
    for our, their in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(our, their)


@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_what_is_validated_is_the_average(precision, trained, policy, optimizer):
    precision(policy)
    _, _, validated, own = trained(policy, optimizer=optimizer, averaging=0.7)
    means = own[0]
    for weights, found in zip(own, validated, strict=True):
        means = [0.7 * mean + 0.3 * weight for mean, weight in zip(means, weights, strict=True)]
        for mean, array in zip(means, found, strict=True):
            np.testing.assert_allclose(array, mean, rtol=1e-5, atol=1e-6)
    assert any(np.abs(array - weight).max() > 1e-3 for array, weight in zip(found, own[-1], strict=True))


def test_training_goes_on_from_the_model_s_own_weights(trained):
    """Averaging changes nothing but what is tested."""
    assert_same(trained(averaging=0.7)[3][-1], trained()[3][-1])


@pytest.mark.parametrize("options", [{}, {"averaging": 0.7}])
def test_the_own_weights_come_back(trained, options):
    model, optimizer, validated, own = trained(**options)
    with averaged(model, optimizer):
        assert_same(values(model), validated[-1])
    assert_same(values(model), own[-1])
    with pytest.raises(RuntimeError, match="halfway"), averaged(model, optimizer):
        raise RuntimeError("halfway")
    assert_same(values(model), own[-1])


def test_without_averaging_nothing_changes(trained):
    _, _, validated, own = trained()
    for found, weights in zip(validated, own, strict=True):
        assert_same(found, weights)


def test_what_is_not_trained_is_not_averaged(trained):
    """Moving statistics are averages already."""
    model, optimizer, _, _ = trained(averaging=0.7)
    before = [keras.ops.convert_to_numpy(each).copy() for each in model.non_trainable_variables]
    with averaged(model, optimizer):
        assert_same([keras.ops.convert_to_numpy(each) for each in model.non_trainable_variables], before)
