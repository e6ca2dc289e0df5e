from __future__ import annotations

import numpy as np
import pytest

from kzoo.data.images.arrays import repeat_grey, shape_text, to_grey, to_split
from kzoo.errors import DataError


def test_bytes_are_taken_as_they_are(noise):
    images = noise(5, 3, 2)
    split = to_split(images, np.arange(5, dtype=np.uint8).reshape(5, 1), 5, "here")
    assert np.array_equal(split.images, images[..., None])
    assert split.labels.tolist() == [0, 1, 2, 3, 4]
    assert split.labels.dtype == np.int32


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_become_the_nearest_of_256_levels(dtype):
    levels = np.arange(256)
    images = (levels / 255).astype(dtype).reshape(1, 16, 16)
    assert np.array_equal(to_split(images, np.zeros(1, int), 1, "here").images.ravel(), levels)


IMAGES = np.zeros((4, 3, 2, 1), np.uint8)
LABELS = np.arange(4)


@pytest.mark.parametrize(
    ("images", "labels", "fault"),
    [
        (IMAGES[:0], LABELS[:0], "holds no images"),
        (IMAGES[:, :0], LABELS, "holds no images"),
        (IMAGES[:3], LABELS, "3 images but 4 labels"),
        (IMAGES, LABELS + 1, "mislabelled: found label 4, expected 0 to 3"),
        (IMAGES, LABELS - 1, "mislabelled: found label -1"),
        (IMAGES, np.full(4, 2**63, np.uint64), "mislabelled: found label 9223372036854775808"),
        (IMAGES, LABELS / 2, "labels are float64, expected integers"),
        (IMAGES, np.array(list("abcd")), "expected integers"),
        (IMAGES, np.eye(4, dtype=int), "one label for each image"),
        (IMAGES, np.array(1), "one label for each image"),
        (IMAGES[0, 0], LABELS, r"shape \(2, 1\)"),
        (np.zeros((4, 3, 2, 2), np.uint8), LABELS, r"shape \(4, 3, 2, 2\)"),
        (IMAGES.astype(np.int64), LABELS, "images are int64, expected uint8"),
        (IMAGES.astype(bool), LABELS, "images are bool"),
        (np.full(IMAGES.shape, np.nan), LABELS, "NaN"),
        (np.full(IMAGES.shape, np.inf), LABELS, "infinity"),
        (np.full(IMAGES.shape, 255.0), LABELS, "range from 255 to 255, expected 0 to 1"),
        (np.full(IMAGES.shape, -0.5), LABELS, "range from -0.5"),
    ],
)
def test_faults_are_named(images, labels, fault):
    with pytest.raises(DataError, match=fault) as error:
        to_split(images, labels, 4, "some.npz")
    assert str(error.value).startswith("some.npz")


def test_grey_as_three_channels_and_back(noise):
    grey = noise(3, 5, 2, 1)
    colour = repeat_grey(grey)
    assert colour.shape == (3, 5, 2, 3)
    assert all(np.array_equal(colour[..., channel], grey[..., 0]) for channel in range(3))
    assert np.array_equal(to_grey(colour), grey)


def test_luma_is_pillow_s(noise):
    from PIL import Image

    images = noise(2, 7, 11, 3)
    expected = [np.asarray(Image.fromarray(image).convert("L")) for image in images]
    assert np.array_equal(to_grey(images)[..., 0], expected)


def test_luma_weights():
    primaries = np.full((1, 1, 3, 3), 0, np.uint8)
    primaries[0, 0] = np.eye(3) * 255
    exact = 255 * np.array([0.299, 0.587, 0.114])
    assert np.abs(to_grey(primaries).ravel() - exact).max() <= 0.51


def test_shape_text():
    assert shape_text((48, 32, 3)) == "48x32x3"
