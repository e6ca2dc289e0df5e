"""The optimisers against their equations, each with every schedule, weight decay and clipping."""

from __future__ import annotations

from typing import get_args

import keras
import numpy as np
import pytest

from kzoo.errors import UsageError
from kzoo.recipe import TrainingSection
from kzoo.training.engines import engine
from kzoo.training.optimizers import OPTIMIZERS, SCHEDULES, EpochwiseLinear, create_optimizer

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
    # An epoch for each step: two up from a hundredth, the others down to it.
    "linear": [RATE * share for share in (0.01, 0.505, 1.0, 0.505, 0.01)],
}


def sgd(rates: list[float], decay: float, gradients: np.ndarray) -> list[np.ndarray]:
    """w <- w - rate decay w - rate g"""
    weight, weights = np.arange(4.0), []
    for rate, gradient in zip(rates, gradients, strict=True):
        weight = weight - rate * decay * weight - rate * gradient
        weights.append(weight)
    return weights


def adam(rates: list[float], decay: float, gradients: np.ndarray) -> list[np.ndarray]:
    """Kingma and Ba, arXiv 1412.6980, the order of computation at the end of section 2.

    The weight decay is that of Loshchilov and Hutter, arXiv 1711.05101: it does not pass through m and v.
    """
    weight, mean, square, weights = np.arange(4.0), np.zeros(4), np.zeros(4), []
    for step, (rate, gradient) in enumerate(zip(rates, gradients, strict=True), start=1):
        mean = FIRST * mean + (1 - FIRST) * gradient
        square = SECOND * square + (1 - SECOND) * gradient**2
        step_size = rate * np.sqrt(1 - SECOND**step) / (1 - FIRST**step)
        weight = weight - rate * decay * weight - step_size * mean / (np.sqrt(square) + EPSILON)
        weights.append(weight)
    return weights


@pytest.mark.parametrize("clip", [None, 0.015])
@pytest.mark.parametrize("decay", [0.0, DECAY])
@pytest.mark.parametrize("schedule", RATES)
@pytest.mark.parametrize("equation", [sgd, adam])
def test_an_optimizer_is_its_equation(equation, schedule, decay, clip):
    section = TrainingSection(
        optimizer=equation.__name__,
        learning_rate=RATE,
        schedule=schedule,
        weight_decay=decay,
        clip_value=clip,
        epochs=STEPS,
    )
    optimizer = create_optimizer(section, steps=STEPS)
    weight = keras.Variable(np.arange(4, dtype="float32"))
    gradients = GRADIENTS if clip is None else np.clip(GRADIENTS, -clip, clip)
    for gradient, expected in zip(GRADIENTS, equation(RATES[schedule], decay, gradients), strict=True):
        optimizer.apply([keras.ops.convert_to_tensor(gradient.astype("float32"))], [weight])
        np.testing.assert_allclose(keras.ops.convert_to_numpy(weight), expected, rtol=1e-5, atol=1e-6)


def test_a_training_is_that_of_torch():
    """All that R004 and what came after it ask of a training, for six epochs of three steps."""
    torch = pytest.importorskip("torch")
    epochs, steps, clip = 6, 3, 0.8
    section = TrainingSection(
        optimizer="adam",
        learning_rate=RATE,
        schedule="linear",
        weight_decay=DECAY,
        clip_value=clip,
        epochs=epochs,
    )
    ours = keras.Variable(np.arange(1, 8, dtype="float32"))
    theirs = torch.arange(1.0, 8.0, requires_grad=True)
    optimizer = create_optimizer(section, steps=epochs * steps)
    reference = torch.optim.AdamW([theirs], RATE, betas=(FIRST, SECOND), eps=EPSILON, weight_decay=DECAY)
    linear = torch.optim.lr_scheduler.LinearLR
    up = linear(reference, start_factor=0.01, end_factor=1.0, total_iters=2)
    down = linear(reference, start_factor=1.0, end_factor=0.01, total_iters=epochs - 3)
    schedule = torch.optim.lr_scheduler.SequentialLR(reference, [up, down], milestones=[2])
    rng = np.random.default_rng(103)
    for step in range(epochs * steps):
        gradient = rng.normal(size=7).astype("float32")
        theirs.grad = torch.from_numpy(gradient.copy())
        torch.nn.utils.clip_grad_value_([theirs], clip)
        reference.step()
        if (step + 1) % steps == 0:
            schedule.step()
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [ours])
        np.testing.assert_allclose(keras.ops.convert_to_numpy(ours), theirs.detach().numpy(), rtol=1e-5)


@pytest.mark.parametrize("epochs", [4, 5, 15])
@pytest.mark.parametrize("steps", [1, 141, 154])
def test_the_linear_schedule_stays_the_same_within_an_epoch(epochs, steps):
    """Compiled too, where 141 / 141 may be less than 1."""
    schedule = EpochwiseLinear(RATE, epochs, steps)
    rate = engine().compile_function(schedule, [])
    for epoch in range(epochs):
        share = epoch / 2 if epoch < 2 else (epochs - 1 - epoch) / (epochs - 3)
        expected = pytest.approx(RATE * (0.01 + 0.99 * share), rel=1e-5)
        for step in (epoch * steps, (epoch + 1) * steps - 1):
            assert float(schedule(step)) == expected
            assert float(rate(keras.ops.convert_to_tensor(step, "int32"))) == expected
    assert float(schedule(epochs * steps)) == pytest.approx(RATE * 0.01, rel=1e-5)
    again = EpochwiseLinear.from_config(schedule.get_config())
    assert float(again(steps)) == float(schedule(steps))


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_half_precision_scales_the_loss_and_changes_nothing_else(name):
    section = TrainingSection(
        optimizer=name,
        learning_rate=RATE,
        schedule="cosine",
        weight_decay=DECAY,
        clip_value=0.4,
        averaging=0.9,
        epochs=1,
    )
    scaled, plain = (
        create_optimizer(section, precision, STEPS) for precision in ("mixed_float16", "float32")
    )
    assert isinstance(scaled, keras.optimizers.LossScaleOptimizer)
    assert not isinstance(plain, keras.optimizers.LossScaleOptimizer)
    ours, theirs = scaled.inner_optimizer.get_config(), plain.get_config()
    assert ours | {"name": name} == theirs | {"name": name}
    assert (theirs["weight_decay"], theirs["use_ema"], theirs["ema_momentum"]) == (DECAY, True, 0.9)
    assert (theirs["clipvalue"], scaled.clipvalue) == (0.4, None)  # the scaled gradient is not cut


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


@pytest.mark.parametrize(("key", "table"), [("optimizer", OPTIMIZERS), ("schedule", SCHEDULES)])
def test_every_name_that_a_recipe_may_have_is_known_and_no_other_is(key, table):
    assert set(table) == set(get_args(TrainingSection.model_fields[key].annotation))
    strange = TrainingSection(learning_rate=0.1, epochs=1).model_copy(update={key: "adamm"})
    with pytest.raises(UsageError, match=r"no (optimiser|schedule) is called 'adamm'"):
        create_optimizer(strange)
