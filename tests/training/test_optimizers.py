"""The optimisers against their equations, each with every schedule and weight decay."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from kzoo.recipe import TrainingSection
from kzoo.training.optimizers import create_optimizer

RATE, DECAY, EPSILON, STEPS = 0.01, 0.3, 1e-8, 5
FIRST, SECOND = 0.9, 0.999

# Small enough that an epsilon of 1e-7 would fail.
GRADIENTS = np.array(
    [
        [1.0, -0.02, 3e-6, -1e-7],
        [-0.5, -0.01, 1e-6, 2e-7],
        [0.25, 0.0, 0.0, 1e-6],
        [0.0, 0.01, 2e-6, 1e-7],
        [0.75, 0.0, 1e-6, 3e-7],
    ]
)

RATES = {
    "constant": [RATE] * STEPS,
    # Loshchilov and Hutter, arXiv 1608.03983, eq. 5, without restarts.
    "cosine": [RATE * (1 + np.cos(np.pi * step / STEPS)) / 2 for step in range(STEPS)],
}


def sgd(rates: list[float], decay: float) -> list[np.ndarray]:
    """w <- w - rate decay w - rate g"""
    weight, weights = np.arange(4.0), []
    for rate, gradient in zip(rates, GRADIENTS, strict=True):
        weight = weight - rate * decay * weight - rate * gradient
        weights.append(weight)
    return weights


def adam(rates: list[float], decay: float) -> list[np.ndarray]:
    """Kingma and Ba, arXiv 1412.6980, the order of computation at the end of section 2.

    The weight decay is that of Loshchilov and Hutter, arXiv 1711.05101: it does not pass through m and v.
    """
    weight, mean, square, weights = np.arange(4.0), np.zeros(4), np.zeros(4), []
    for step, (rate, gradient) in enumerate(zip(rates, GRADIENTS, strict=True), start=1):
        mean = FIRST * mean + (1 - FIRST) * gradient
        square = SECOND * square + (1 - SECOND) * gradient**2
        step_size = rate * np.sqrt(1 - SECOND**step) / (1 - FIRST**step)
        weight = weight - rate * decay * weight - step_size * mean / (np.sqrt(square) + EPSILON)
        weights.append(weight)
    return weights


@pytest.mark.parametrize("decay", [0.0, DECAY])
@pytest.mark.parametrize("schedule", RATES)
@pytest.mark.parametrize("equation", [sgd, adam])
def test_an_optimizer_is_its_equation(equation, schedule, decay):
    section = TrainingSection(
        optimizer=equation.__name__, learning_rate=RATE, schedule=schedule, weight_decay=decay, epochs=1
    )
    optimizer = create_optimizer(section, steps=STEPS)
    weight = keras.Variable(np.arange(4, dtype="float32"))
    for gradient, expected in zip(GRADIENTS, equation(RATES[schedule], decay), strict=True):
        optimizer.apply([keras.ops.convert_to_tensor(gradient.astype("float32"))], [weight])
        np.testing.assert_allclose(keras.ops.convert_to_numpy(weight), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_half_precision_scales_the_loss_and_changes_nothing_else(name):
    section = TrainingSection(
        optimizer=name, learning_rate=RATE, schedule="cosine", weight_decay=DECAY, averaging=0.9, epochs=1
    )
    scaled, plain = (
        create_optimizer(section, precision, STEPS) for precision in ("mixed_float16", "float32")
    )
    assert isinstance(scaled, keras.optimizers.LossScaleOptimizer)
    assert not isinstance(plain, keras.optimizers.LossScaleOptimizer)
    ours, theirs = scaled.inner_optimizer.get_config(), plain.get_config()
    assert ours | {"name": name} == theirs | {"name": name}
    assert (theirs["weight_decay"], theirs["use_ema"], theirs["ema_momentum"]) == (DECAY, True, 0.9)


def test_a_schedule_ends_with_the_training(image_experiment, training, noise, stateful_model):
    """Three epochs of 24 images in batches of 10, the last of 4: nine steps."""
    settings = training(epochs=3, batch_size=10, schedule="cosine", learning_rate=0.02)
    experiment, model = image_experiment(settings, noise(24)), stateful_model()
    optimizer = experiment.create_optimizer(model)
    rates = []
    for _ in range(9):
        rates.append(float(optimizer.learning_rate))
        zeros = [keras.ops.zeros(weight.shape) for weight in model.trainable_variables]
        optimizer.apply(zeros, model.trainable_variables)
    np.testing.assert_allclose(rates, 0.01 * (1 + np.cos(np.pi * np.arange(9) / 9)), rtol=1e-5)
    assert float(optimizer.learning_rate) == pytest.approx(0, abs=1e-8)
