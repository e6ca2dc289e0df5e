"""The optimisers against their equations, with each schedule, weight decay, clipping and accumulation."""

from __future__ import annotations

from typing import get_args

import keras
import numpy as np
import pytest

from kzoo.errors import UsageError
from kzoo.recipe import TrainingSection
from kzoo.training.engines import engine
from kzoo.training.optimizers import (
    OPTIMIZERS,
    SCHEDULES,
    EpochwiseLinear,
    OneCycle,
    Warmup,
    create_optimizer,
    leave_biases_undecayed,
    scale_updates,
)

RATE, DECAY, EPSILON, STEPS = 0.01, 0.3, 1e-8, 5
FIRST, SECOND = 0.9, 0.999
MOMENTUM = 0.8

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
    # Of 5 steps the peak is at .3 5 - 1 = .5: from a 25th, then down to a 250,000th at step 4.
    "one_cycle": [
        RATE / 25,
        *(
            RATE * (4e-6 + (1 - 4e-6) * (1 + np.cos(np.pi * (step - 0.5) / 3.5)) / 2)
            for step in range(1, STEPS)
        ),
    ],
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


def momentum(rates: list[float], decay: float, gradients: np.ndarray) -> list[np.ndarray]:
    """Polyak's: m <- u m - rate g, w <- w + m"""
    weight, update, weights = np.arange(4.0), np.zeros(4), []
    for rate, gradient in zip(rates, gradients, strict=True):
        update = MOMENTUM * update - rate * gradient
        weight = weight - rate * decay * weight + update
        weights.append(weight)
    return weights


def nesterov(rates: list[float], decay: float, gradients: np.ndarray) -> list[np.ndarray]:
    """Sutskever et al., 2013, written for the weights after the look-ahead: w <- w + u m - rate g"""
    weight, update, weights = np.arange(4.0), np.zeros(4), []
    for rate, gradient in zip(rates, gradients, strict=True):
        update = MOMENTUM * update - rate * gradient
        weight = weight - rate * decay * weight + MOMENTUM * update - rate * gradient
        weights.append(weight)
    return weights


def rmsprop(rates: list[float], decay: float, gradients: np.ndarray, share: float = 0.0) -> list[np.ndarray]:
    """Hinton's: v <- .9 v + .1 g^2, w <- w - rate g / sqrt(v + 1e-7), the epsilon that of Keras"""
    weight, square, update, weights = np.arange(4.0), np.zeros(4), np.zeros(4), []
    for rate, gradient in zip(rates, gradients, strict=True):
        square = 0.9 * square + 0.1 * gradient**2
        update = share * update + rate * gradient / np.sqrt(square + 1e-7)
        weight = weight - rate * decay * weight - update
        weights.append(weight)
    return weights


def rmsprop_momentum(rates: list[float], decay: float, gradients: np.ndarray) -> list[np.ndarray]:
    """RMSprop whose updates are added up with a momentum."""
    return rmsprop(rates, decay, gradients, MOMENTUM)


EQUATIONS = {
    sgd: {"optimizer": "sgd"},
    momentum: {"optimizer": "sgd", "momentum": MOMENTUM},
    nesterov: {"optimizer": "sgd", "momentum": MOMENTUM, "nesterov": True},
    adam: {"optimizer": "adam"},
    rmsprop: {"optimizer": "rmsprop"},
    rmsprop_momentum: {"optimizer": "rmsprop", "momentum": MOMENTUM},
}
"""The equations, and the keys of the recipe for each."""


def apply(optimizer: keras.Optimizer, gradient: np.ndarray, weight: keras.Variable) -> np.ndarray:
    """Return the weight after a step."""
    optimizer.apply([keras.ops.convert_to_tensor(gradient.astype("float32"))], [weight])
    return keras.ops.convert_to_numpy(weight)


@pytest.mark.parametrize("clip", [None, 0.015])
@pytest.mark.parametrize("decay", [0.0, DECAY])
@pytest.mark.parametrize("schedule", RATES)
@pytest.mark.parametrize("equation", EQUATIONS)
def test_an_optimizer_is_its_equation(equation, schedule, decay, clip):
    section = TrainingSection(
        **EQUATIONS[equation],
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
        np.testing.assert_allclose(apply(optimizer, gradient, weight), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("equation", EQUATIONS)
def test_accumulation_takes_a_step_with_the_mean_of_some_gradients(equation):
    """Steps after the second and the fourth gradient, each with its rate; the fifth is left over."""
    section = TrainingSection(
        **EQUATIONS[equation],
        learning_rate=RATE,
        schedule="cosine",
        weight_decay=DECAY,
        clip_value=0.3,
        accumulation=2,
        epochs=STEPS,
    )
    optimizer = create_optimizer(section, steps=STEPS)
    weight = keras.Variable(np.arange(4, dtype="float32"))
    means = np.clip(GRADIENTS[:4].reshape(2, 2, 4).mean(axis=1), -0.3, 0.3)
    once, twice = equation([RATES["cosine"][step] for step in (1, 3)], DECAY, means)
    expected = [np.arange(4.0), once, once, twice, twice]
    for gradient, after in zip(GRADIENTS, expected, strict=True):
        np.testing.assert_allclose(apply(optimizer, gradient, weight), after, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("accumulation", [1, 2])
@pytest.mark.parametrize("equation", EQUATIONS)
def test_scaled_updates_are_those_of_another_learning_rate(equation, accumulation):
    """Weight decay and schedule too, and the other weights keep their rate."""
    section = TrainingSection(
        **EQUATIONS[equation],
        learning_rate=RATE,
        schedule="cosine",
        weight_decay=DECAY,
        accumulation=accumulation,
        epochs=STEPS,
    )
    optimizer = create_optimizer(section, steps=STEPS)
    weights = [keras.Variable(np.arange(4, dtype="float32")) for _ in range(3)]
    scale_updates(optimizer, weights[1:2], 0.2)
    optimizer.build(weights)
    for gradient in GRADIENTS:
        optimizer.apply([keras.ops.convert_to_tensor(gradient.astype("float32"))] * 3, weights)
    whole = STEPS // accumulation * accumulation
    means = GRADIENTS[:whole].reshape(-1, accumulation, 4).mean(axis=1)
    rates = np.array(RATES["cosine"][accumulation - 1 : whole : accumulation])
    for weight, factor in zip(weights, (1.0, 0.2, 1.0), strict=True):
        expected = equation(list(factor * rates), DECAY, means)[-1]
        np.testing.assert_allclose(keras.ops.convert_to_numpy(weight), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("norm", [0.1, 100.0])
def test_the_norm_is_that_of_all_gradients_together(norm):
    section = TrainingSection(learning_rate=1.0, clip_norm=norm, epochs=1)
    gradients = [np.array([3.0, -4.0], "float32"), np.array([[12.0]], "float32")]
    weights = [keras.Variable(np.zeros_like(gradient)) for gradient in gradients]
    create_optimizer(section).apply(list(map(keras.ops.convert_to_tensor, gradients)), weights)
    for gradient, weight in zip(gradients, weights, strict=True):
        expected = -gradient * min(1.0, norm / 13)
        np.testing.assert_allclose(keras.ops.convert_to_numpy(weight), expected, rtol=1e-5)


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
@pytest.mark.parametrize("name", ["sgd", "adam", "rmsprop"])
def test_biases_and_normalisations_may_be_left_undecayed(name, precision):
    section = TrainingSection(optimizer=name, learning_rate=0.5, weight_decay=0.2, epochs=1)
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(2), keras.layers.BatchNormalization(), keras.layers.Dense(2)]
    )
    weights = model.trainable_variables
    for weight in weights:
        weight.assign(keras.ops.ones(weight.shape))
    optimizer = create_optimizer(section, precision)
    leave_biases_undecayed(optimizer, weights)
    optimizer.build(weights)
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    inner.apply([keras.ops.zeros(weight.shape) for weight in weights], weights)
    found = [(weight.name, keras.ops.convert_to_numpy(weight).max()) for weight in weights]
    decayed = {"kernel": pytest.approx(0.9)}
    assert found == [(weight.name, decayed.get(weight.name, 1.0)) for weight in weights]


@pytest.mark.parametrize("schedule", ["constant", "cosine", "linear"])
def test_a_warm_up_multiplies_the_schedule(schedule):
    """Over 40 % of five steps: two, by a third and two thirds."""
    section = TrainingSection(learning_rate=RATE, schedule=schedule, warmup=0.4, epochs=STEPS)
    optimizer, rates = create_optimizer(section, steps=STEPS), []
    weight = keras.Variable(np.zeros(4, "float32"))
    for _ in range(STEPS):
        rates.append(float(optimizer.learning_rate))
        apply(optimizer, np.zeros(4), weight)
    factors = [1 / 3, 2 / 3, 1, 1, 1]
    np.testing.assert_allclose(rates, np.multiply(factors, RATES[schedule]), rtol=1e-5)


def test_one_cycle_is_that_of_torch():
    torch = pytest.importorskip("torch")
    for steps in (1, 2, 3, 10, 47):
        reference = torch.optim.SGD([torch.zeros(1)], 1.0)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            reference, max_lr=RATE, total_steps=steps, cycle_momentum=False
        )
        ours = OneCycle(RATE, steps)
        for step in range(steps):
            expected = pytest.approx(schedule.get_last_lr()[0], rel=1e-4, abs=1e-9)
            assert float(ours(step)) == expected
            reference.step()
            if step + 1 < steps:
                schedule.step()


@pytest.mark.parametrize(
    "schedule", [OneCycle(RATE, 9), Warmup(RATE, 3), Warmup(OneCycle(RATE, 9), 3)], ids=lambda each: ""
)
def test_a_schedule_survives_its_configuration(schedule):
    again = type(schedule).from_config(schedule.get_config())
    assert [float(again(step)) for step in range(10)] == [float(schedule(step)) for step in range(10)]


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


@pytest.mark.parametrize("name", OPTIMIZERS)
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
