from __future__ import annotations

from functools import partial

import keras
import numpy as np
import pytest

from kzoo.data.images.image_set import PIXEL_LEVELS
from kzoo.training.inference import BATCH, compile_predict, compile_token_loss
from kzoo.training.objective import token_losses
from kzoo.training.sources import Sources


@pytest.mark.parametrize("count", [1, 2, BATCH - 1, BATCH, BATCH + 1, 2 * BATCH + 3])
def test_each_image_has_its_row(stateful_model, noise, count):
    model, images = stateful_model(), noise(count).images
    outputs = compile_predict(model)(images)
    assert outputs.shape == (count, 3)
    assert outputs.dtype == np.float32
    direct = model((images / PIXEL_LEVELS).astype("float32"), training=False)
    np.testing.assert_allclose(outputs, keras.ops.convert_to_numpy(direct), atol=1e-6)


def test_a_batch_is_its_images_one_by_one(small_model, trees):
    predict, images = compile_predict(small_model()), trees["test"].images[:7]
    singles = np.concatenate([predict(image[None]) for image in images])
    np.testing.assert_allclose(predict(images), singles, atol=1e-6)


def test_dropout_is_off_and_nothing_is_changed(stateful_model, noise):
    model, images = stateful_model(), noise(13).images
    before = [keras.ops.convert_to_numpy(variable) for variable in model.variables]
    predict = compile_predict(model)
    np.testing.assert_array_equal(predict(images), predict(images))
    for was, variable in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(variable), was)


def test_outputs_follow_the_weights(stateful_model, noise):
    """What was compiled holds no weights of its own."""
    model, images = stateful_model(), noise(5).images
    predict = compile_predict(model)
    before = predict(images)
    model.layers[-2].bias.assign(np.array([3.0, 0.0, -3.0], "float32"))
    after = predict(images)
    assert not np.allclose(before, after)
    direct = model((images / PIXEL_LEVELS).astype("float32"), training=False)
    np.testing.assert_allclose(after, keras.ops.convert_to_numpy(direct), atol=1e-6)


# ---- the loss of pairs ----


@pytest.fixture(scope="module")
def translator(pair_experiment, training) -> keras.Model:
    return pair_experiment(training()).create_model()


def ids(rng: np.random.Generator, count: int, longest: int, vocabulary: int) -> np.ndarray:
    """Rows of at least 3 tokens, padded with 0."""
    rows = rng.integers(1, vocabulary, (count, longest))
    return np.where(np.arange(longest) < rng.integers(3, longest + 1, (count, 1)), rows, 0).astype(np.int32)


@pytest.mark.parametrize("count", [1, 3, 7, 9])
def test_the_loss_is_the_mean_over_all_real_tokens(translator, count):
    """Of the whole set: neither its batches nor its sequences weigh the same, and the filling nothing."""
    rng = np.random.default_rng(count)
    sources, targets = ids(rng, count, 5, 9), ids(rng, count, 6, 7)
    outputs = translator({"source_ids": sources, "target_ids": targets[:, :-1]}, training=False)
    log_p, after = keras.ops.convert_to_numpy(outputs), targets[:, 1:]
    expected = np.mean([-log_p[i, j, after[i, j]] for i, j in np.argwhere(after != 0)])
    assert compile_token_loss(translator, token_losses)(Sources(sources, batch=7), targets) == pytest.approx(
        expected, rel=1e-5
    )


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_several_targets_may_be_about_one_source(translator, smoothing):
    """Eight about three, in batches of five; about the second there is none."""
    rng, owners = np.random.default_rng(6), np.array([2, 0, 0, 2, 2, 0, 2, 2])
    sources, targets = ids(rng, 3, 5, 9), ids(rng, 8, 6, 7)
    inputs = {"source_ids": sources[owners], "target_ids": targets[:, :-1]}
    log_p, after = keras.ops.convert_to_numpy(translator(inputs, training=False)), targets[:, 1:]
    losses = [
        -(1 - smoothing) * log_p[i, j, after[i, j]] - smoothing * log_p[i, j].mean()
        for i, j in np.argwhere(after != 0)
    ]
    measure = compile_token_loss(translator, partial(token_losses, smoothing=smoothing))
    assert measure(Sources(sources, batch=5), targets, owners) == pytest.approx(np.mean(losses), rel=1e-5)
    others = measure(Sources(sources, batch=5), targets, owners[::-1])
    assert abs(others - np.mean(losses)) > 1e-4


def test_the_loss_follows_the_weights(translator):
    rng = np.random.default_rng(4)
    sources, targets = Sources(ids(rng, 3, 5, 9)), ids(rng, 3, 6, 7)
    measure, bias = compile_token_loss(translator, token_losses), translator.get_layer("output_bias").bias
    before = measure(sources, targets)
    assert measure(sources, targets) == before
    bias.assign(np.where(np.arange(7) == targets[0, 1], 3.0, 0.0))
    after = measure(sources, targets)
    bias.assign(np.zeros(7))
    assert abs(after - before) > 1e-3
    assert measure(sources, targets) == before
