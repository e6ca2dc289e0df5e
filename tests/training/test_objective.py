from __future__ import annotations

from functools import partial

import keras
import numpy as np
import pytest

from kzoo.data.images.image_set import PIXEL_LEVELS
from kzoo.training.augmentation.images import Mixup
from kzoo.training.engines import engine
from kzoo.training.examples import Examples
from kzoo.training.objective import (
    balanced_class_weights,
    image_classification,
    mixed_image_classification,
    token_losses,
    transduction,
)

SMOOTHINGS = [0.0, 0.1, 0.9]
TARGETS = np.array([[3, 1, 6, 0, 0], [2, 0, 0, 0, 0], [6, 5, 4, 3, 1]], np.int32)
REAL = [(i, j) for i, row in enumerate(TARGETS) for j, token in enumerate(row) if token != 0]


def log_probabilities(*shape: int) -> np.ndarray:
    rng = np.random.default_rng(5)
    return np.log(rng.dirichlet(np.ones(7), shape)).astype("float32")


def smoothed_loss(smoothing: float):
    return transduction("source_ids", partial(token_losses, smoothing=smoothing)).loss


def cross_entropy(label: int, log_p: np.ndarray, smoothing: float) -> float:
    """-sum_k q_k log p_k, q the label's with a share of it spread over all classes."""
    q = np.full(7, smoothing / 7)
    q[label] += 1 - smoothing
    return -(q * log_p).sum()


def compute(function, *arrays: np.ndarray) -> np.ndarray:
    return keras.ops.convert_to_numpy(function(*map(keras.ops.convert_to_tensor, arrays)))


# ---- losses ----


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
def test_the_loss_of_images_is_the_mean_cross_entropy(smoothing):
    labels, log_p = np.array([0, 3, 6, 3, 1], np.int32), log_probabilities(5)
    expected = np.mean([cross_entropy(*pair, smoothing) for pair in zip(labels, log_p, strict=True)])
    loss = compute(image_classification(smoothing).loss, labels, log_p)
    np.testing.assert_allclose(loss, expected, rtol=1e-5)


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
@pytest.mark.parametrize("weights", [None, np.linspace(0.5, 2, 7, dtype="float32")], ids=["", "weighted"])
def test_the_loss_of_mixed_images_is_the_mix_of_the_losses_of_both_labels(smoothing, weights):
    labels, others = np.array([0, 3, 6], np.int32), np.array([6, 3, 1], np.int32)
    share, log_p = np.array([0.2, 0.5, 1.0], "float32"), log_probabilities(3)
    of_class = np.ones(7) if weights is None else weights
    expected = np.mean(
        [
            first_share * of_class[first] * cross_entropy(first, row, smoothing)
            + (1 - first_share) * of_class[second] * cross_entropy(second, row, smoothing)
            for first, second, first_share, row in zip(labels, others, share, log_p, strict=True)
        ]
    )
    objective = mixed_image_classification(Mixup(1.0), smoothing, weights)
    loss = compute(lambda *targets: objective.loss(targets, log_p), labels, others, share)
    np.testing.assert_allclose(loss, expected, rtol=1e-5)


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
def test_the_losses_of_images_are_weighted_by_their_class(smoothing):
    labels, log_p = np.array([0, 3, 6, 3, 1], np.int32), log_probabilities(5)
    weights = np.linspace(0.5, 2, 7, dtype="float32")
    losses = [cross_entropy(*pair, smoothing) for pair in zip(labels, log_p, strict=True)]
    loss = compute(image_classification(smoothing, weights).loss, labels, log_p)
    np.testing.assert_allclose(loss, np.mean(weights[labels] * losses), rtol=1e-5)


def test_with_balanced_weights_each_class_that_occurs_weighs_the_same():
    labels = np.array([0, 2, 2, 2, 3, 0, 2, 2, 2], np.int32)
    weights = balanced_class_weights(labels)
    np.testing.assert_allclose(weights, [9 / (3 * 2), 0, 9 / (3 * 6), 9 / 3], rtol=1e-6)
    np.testing.assert_allclose(weights[labels].mean(), 1, rtol=1e-6)


@pytest.mark.parametrize("class_weights", [None, "balanced"])
def test_class_weights_are_those_of_the_training_split(noise, image_experiment, training, class_weights):
    """The loss of a batch of the first ten images, on weights from all 24."""
    data = noise(24)
    images = keras.Input((7, 5, 1))
    model = keras.Model(images, keras.layers.Dense(3, "log_softmax")(keras.layers.Flatten()(images)))
    log_p = keras.ops.convert_to_numpy(model(data.images[:10] / np.float32(PIXEL_LEVELS)))
    counts = np.bincount(data.labels)
    weights = 24 / (3 * counts) if class_weights else np.ones(3)
    labels = data.labels[:10]
    _, run = image_experiment(training(class_weights=class_weights), data).compile_steps(model)
    loss = run(np.arange(10, dtype=np.int32)[None])
    assert loss == pytest.approx(np.mean(-weights[labels] * log_p[np.arange(10), labels]), rel=1e-5)


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
def test_the_loss_of_pairs_is_the_mean_over_real_tokens(smoothing):
    log_p = log_probabilities(3, 5)
    expected = np.mean([cross_entropy(TARGETS[i, j], log_p[i, j], smoothing) for i, j in REAL])
    np.testing.assert_allclose(compute(smoothed_loss(smoothing), TARGETS, log_p), expected, rtol=1e-5)


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
def test_padding_counts_for_nothing(smoothing):
    log_p, loss = log_probabilities(3, 5), smoothed_loss(smoothing)
    expected = compute(loss, TARGETS, log_p)
    spoilt = np.where(TARGETS[..., None] == 0, np.float32(-1e4), log_p)
    np.testing.assert_array_equal(compute(loss, TARGETS, spoilt), expected)
    longer = np.pad(TARGETS, [(0, 0), (0, 4)]), np.pad(log_p, [(0, 0), (0, 4), (0, 0)])
    np.testing.assert_allclose(compute(loss, *longer), expected, rtol=1e-6)


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
def test_each_token_has_its_loss(smoothing):
    log_p = log_probabilities(3, 5)
    tensors = map(keras.ops.convert_to_tensor, (TARGETS, log_p))
    losses, real = map(keras.ops.convert_to_numpy, token_losses(*tensors, smoothing))
    expected = np.zeros((3, 5))
    for i, j in REAL:
        expected[i, j] = cross_entropy(TARGETS[i, j], log_p[i, j], smoothing)
    np.testing.assert_allclose(losses, expected, rtol=1e-5)
    np.testing.assert_array_equal(real, TARGETS != 0)


# ---- batches ----


def test_a_batch_of_images_is_scaled_and_has_its_labels(noise):
    split, rows = noise(9), np.array([8, 0, 3, 3], np.int32)
    images, labels = image_classification().batch(
        list(map(keras.ops.convert_to_tensor, (split.images, split.labels))), rows, []
    )
    np.testing.assert_allclose(keras.ops.convert_to_numpy(images), split.images[rows] / PIXEL_LEVELS)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(labels), split.labels[rows])


def test_a_batch_of_pairs_is_cut_and_its_targets_are_the_inputs_a_token_later(pair_experiment, training):
    """Whatever batch it is: the whole set too, whose targets are as long as their array."""
    experiment = pair_experiment(training())
    examples = experiment.examples()(1)
    sources, targets = examples.arrays
    tensors = list(map(keras.ops.convert_to_tensor, examples.arrays))
    for rows in (np.arange(30), np.array([4]), np.array([0, 7, 7])):
        (bucket_lengths,) = examples.bucket_lengths(rows[None]).tolist()
        inputs, after = experiment.objective().batch(tensors, rows.astype(np.int32), bucket_lengths)
        source_ids, before, after = (
            keras.ops.convert_to_numpy(each) for each in (inputs["source_ids"], inputs["target_ids"], after)
        )
        assert before.shape == after.shape
        assert max(examples.lengths[rows, 0]) <= source_ids.shape[1] <= sources.shape[1]
        assert max(examples.lengths[rows, 1]) <= after.shape[1] < targets.shape[1]
        for row, source, left, right in zip(rows, source_ids, before, after, strict=True):
            assert source[source != 0].tolist() == sources[row][sources[row] != 0].tolist()
            whole = targets[row][targets[row] != 0].tolist()
            assert right[right != 0].tolist() == whole[1:]
            assert left[: len(whole) - 1].tolist() == whole[:-1]


# ---- steps ----


def test_a_run_of_steps_gives_the_sum_of_their_losses(pair_experiment, training):
    """Each loss is that of the weights before the step, and the mean over the tokens of its own batch."""
    experiment = pair_experiment(training(learning_rate=0.5))
    examples: Examples = experiment.examples()(1)
    arrays = tuple(map(keras.ops.convert_to_tensor, examples.arrays))
    rows = np.random.default_rng(1).permutation(30).astype(np.int32).reshape(3, 10)

    model = experiment.create_model()
    optimizer = experiment.create_optimizer(model)
    run = engine().compile_training(model, optimizer, experiment.objective())
    losses = []
    for batch in rows:
        sources, targets = (array[batch] for array in examples.arrays)
        outputs = model({"source_ids": sources, "target_ids": targets[:, :-1]}, training=False)
        log_p, after = keras.ops.convert_to_numpy(outputs), targets[:, 1:]
        real = np.argwhere(after != 0)
        losses.append(np.mean([-log_p[i, j, after[i, j]] for i, j in real]))
        assert run(arrays, batch[None], examples.bucket_lengths(batch[None])) == pytest.approx(
            losses[-1], rel=1e-5
        )
    assert losses[-1] < losses[0]

    again = experiment.create_model()
    optimizer = experiment.create_optimizer(again)
    run = engine().compile_training(again, optimizer, experiment.objective())
    assert run(arrays, rows, examples.bucket_lengths(rows)) == pytest.approx(sum(losses), rel=1e-5)
    for ours, theirs in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)
