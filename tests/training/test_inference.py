from __future__ import annotations

import keras
import numpy as np
import pytest

from kzoo.data.images import PIXEL_LEVELS
from kzoo.training.inference import BATCH, compile_predict


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
