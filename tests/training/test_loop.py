from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest

from kzoo.data.images.image_set import PIXEL_LEVELS, Split
from kzoo.metrics.table import METRICS
from kzoo.recipe import TrainingSection
from kzoo.training import feeding
from kzoo.training.initial import InitialWeights
from kzoo.training.loop import DivergedError
from kzoo.training.progress import Progress
from kzoo.training.schema import InitialRecord

# ---- what a step computes ----


def linear_model(seed: int) -> keras.Model:
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((2, 3, 1))
    logits = keras.layers.Dense(5, name="linear")(keras.layers.Flatten()(inputs))
    return keras.Model(inputs, keras.layers.Activation("log_softmax")(logits))


def small_images(count: int) -> Split:
    rng = np.random.default_rng(8)
    labels = rng.integers(0, 5, count, dtype=np.int32)
    return Split(rng.integers(0, 256, (count, 2, 3, 1), dtype=np.uint8), labels)


def linear_step(kernel, bias, images, labels):
    """The loss of a batch under softmax(x W + b), and its gradients for W and b."""
    x = images.reshape(len(images), -1) / PIXEL_LEVELS
    logits = x @ kernel + bias
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    error = (np.exp(log_p) - np.eye(5)[labels]) / len(labels)
    return -log_p[np.arange(len(labels)), labels].mean(), x.T @ error, error.sum(axis=0)


@pytest.mark.parametrize("steps_per_call", [1, 2, 128])
@pytest.mark.parametrize("drop_last", [False, True])
def test_sgd_is_the_equation(monkeypatch, image_experiment, train, steps_per_call, drop_last):
    """Two epochs of 11 examples in batches of 4, so the last batch of each has 3."""
    monkeypatch.setattr(feeding, "STEPS_PER_CALL", steps_per_call)
    model, data = linear_model(3), small_images(11)
    kernel, bias = (np.asarray(weight, np.float64) for weight in model.get_weights())
    training = TrainingSection(learning_rate=0.7, epochs=2, batch_size=4, seed=6, drop_last=drop_last)
    losses: list[float] = []
    for epoch in (1, 2):
        order = np.random.default_rng([6, epoch]).permutation(11)
        for start in (0, 4) if drop_last else (0, 4, 8):
            rows = order[start : start + 4]
            loss, to_kernel, to_bias = linear_step(kernel, bias, data.images[rows], data.labels[rows])
            kernel, bias = kernel - 0.7 * to_kernel, bias - 0.7 * to_bias
            losses.append(loss)
    history, reports = train(image_experiment(training, data, small_images(6)), model)
    np.testing.assert_allclose(model.get_weights()[0], kernel, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.get_weights()[1], bias, rtol=1e-5, atol=1e-6)
    half = len(losses) // 2
    assert [row["epoch"] for row in history] == [1, 2]
    np.testing.assert_allclose(
        [row["train_loss"] for row in history], np.reshape(losses, (2, half)).mean(axis=1), rtol=1e-5
    )
    running = [np.mean(losses[:half]), np.mean(losses)]
    np.testing.assert_allclose([row["train_loss_running"] for row in history], running, rtol=1e-5)
    validation = small_images(6)
    loss, _, _ = linear_step(kernel, bias, validation.images, validation.labels)
    np.testing.assert_allclose(history[-1]["validation_loss"], loss, rtol=1e-5)
    guesses = (validation.images.reshape(6, -1) / PIXEL_LEVELS @ kernel + bias).argmax(axis=1)
    assert history[-1]["validation_accuracy"] == np.mean(guesses == validation.labels)
    assert [done for epoch, done, _ in reports if epoch == 1][-1] == half
    assert {steps for *_, steps in reports} == {half}


def test_the_running_loss_is_the_mean_of_all_batches_since_epoch_1():
    rng = np.random.default_rng(2)
    progress, seen = Progress(), []
    for batch_count in (3, 3, 7, 1):
        losses = rng.exponential(size=batch_count)
        seen += losses.tolist()
        row = progress.record(losses.sum(), batch_count, {"loss": 1.0, "accuracy": 0.5}, 0.1)
        assert row["train_loss"] == pytest.approx(losses.mean())
        assert row["train_loss_running"] == pytest.approx(np.mean(seen))


@pytest.mark.parametrize(("criterion", "best"), [(METRICS["accuracy"], 2), (METRICS["loss"], 4)])
def test_the_best_epoch_is_the_first_that_none_surpasses(criterion, best):
    progress = Progress()
    for accuracy, loss in ((0.25, 1.5), (0.75, 1.25), (0.5, 1.75), (0.75, 0.5), (0.25, 0.5)):
        progress.record(1.0, 1, {"loss": loss, "accuracy": accuracy}, 0.1)
    assert progress.best(criterion) == progress.history[best - 1]


@pytest.mark.parametrize(
    ("criterion", "values", "stops"),
    [
        (METRICS["accuracy"], [0.2, 0.5, 0.4, 0.5, 0.9], 4),  # an equal value is no better one
        (METRICS["accuracy"], [0.2, 0.1, 0.3, 0.2, 0.4], None),
        (METRICS["loss"], [0.2, 0.5, 0.1, 0.1, 0.3, 0.05], 5),
    ],
)
def test_patience_runs_out_after_epochs_without_a_better_one(criterion, values, stops):
    progress, over = Progress(), []
    assert not progress.ran_out(2, criterion)
    for value in values:
        progress.record(1.0, 1, {criterion.name: value}, 0.1)
        over.append(progress.ran_out(2, criterion))
        assert not progress.ran_out(None, criterion)
    assert (over.index(True) + 1 if any(over) else None) == stops


# ---- whole trainings ----


def test_a_training_stops_when_its_patience_has_run_out(
    stateful_model, training, noise, image_experiment, train
):
    accuracies = iter([0.2, 0.5, 0.3, 0.4, 0.6])
    experiment = image_experiment(training(epochs=9, patience=2), noise(24))
    rows, _ = train(experiment, stateful_model(), lambda: {"accuracy": next(accuracies)})
    assert [row["validation_accuracy"] for row in rows] == [0.2, 0.5, 0.3, 0.4]


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_the_loss_falls(small_model, training, trees, image_experiment, train, optimizer):
    rate = {"sgd": 0.05, "adam": 0.003}[optimizer]
    settings = training(optimizer=optimizer, learning_rate=rate, epochs=6)
    history, _ = train(image_experiment(settings, trees["train"], trees["validation"]), small_model())
    assert history[-1]["train_loss"] < 0.5 * history[0]["train_loss"]
    assert history[-1]["validation_accuracy"] > 0.75


def test_the_same_seed_gives_the_same_bits(stateful_model, training, noise, image_experiment, train):
    models = [stateful_model(), stateful_model()]
    rows = [train(image_experiment(training(epochs=2), noise(24)), model)[0] for model in models]
    assert rows[0] == rows[1]
    for ours, theirs in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_loss_that_is_no_number_stops_the_training(
    monkeypatch, small_model, training, trees, image_experiment, train
):
    monkeypatch.setattr(feeding, "STEPS_PER_CALL", 3)
    with pytest.raises(
        DivergedError, match=r"in epoch 1, steps (1 to 3|4 to 6): lower .* --lr 1e\+29"
    ) as caught:
        train(image_experiment(training(learning_rate=1e30), trees["train"]), small_model())
    assert caught.value.exit_code == 1
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_mixed_precision_keeps_variables_and_outputs_in_float32(
    precision, small_model, training, trees, image_experiment, train, policy, optimizer
):
    precision(policy)
    model = small_model()
    assert {layer.compute_dtype for layer in model.layers} == {policy.removeprefix("mixed_"), "float32"}
    settings = training(epochs=3, optimizer=optimizer, learning_rate=0.003)
    history, _ = train(image_experiment(settings, trees["train"], precision=policy), model)
    assert np.isfinite([list(row.values()) for row in history]).all()
    assert history[-1]["train_loss"] < history[0]["train_loss"]
    assert {str(variable.dtype) for variable in model.trainable_variables} == {"float32"}
    assert all(np.isfinite(weight).all() for weight in model.get_weights())
    outputs = model(np.zeros((1, 28, 28, 1), "float32"))
    assert keras.backend.standardize_dtype(outputs.dtype) == "float32"


def test_the_weights_of_another_run_are_updated_at_their_own_rate(
    image_experiment, training, trees, small_model, train
):
    """A quarter of an update that is the same otherwise, in one compiled step."""
    whole = image_experiment(training(batch_size=60), trees["train"])
    model = small_model()
    before = {weight.path: keras.ops.convert_to_numpy(weight).copy() for weight in model.weights}
    record = InitialRecord(
        run="run", model="tiny-cnn", epoch=1, sha256="", whole=["conv1/kernel"], partly={}, drawn={}
    )
    recipe = whole.recipe.with_values("training", initialized_rate=0.25)
    scaled = replace(whole, recipe=recipe, initial=InitialWeights(record, {}))
    updates = []
    for experiment in (whole, scaled):
        model = small_model()
        train(experiment, model, lambda: {"loss": 1.0, "accuracy": 0.0})
        updates.append(
            {
                weight.path: keras.ops.convert_to_numpy(weight) - before[weight.path]
                for weight in model.weights
            }
        )
    for path, update in updates[0].items():
        factor = 0.25 if path == "conv1/kernel" else 1.0
        assert np.abs(update).max() > 0
        np.testing.assert_allclose(updates[1][path], factor * update, rtol=1e-3, atol=1e-7, err_msg=path)
