from __future__ import annotations

import keras
import numpy as np
import pytest
from gradients import differentiate

from kzoo.layers import MaxPooling2D
from kzoo.testing import check_batch

ROWS, COLUMNS, CHANNELS = 7, 11, 3
SIZES = pytest.mark.parametrize("size", [(2, 2), (3, 2), (1, 5)])


def pooled(maps: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The maximum of each whole window, and the position of the first such number, by loops."""
    height, width = maps.shape[0] // size[0], maps.shape[1] // size[1]
    largest = np.empty((height, width, maps.shape[2]), maps.dtype)
    first = np.zeros((height, width, maps.shape[2], 2), int)
    for i, j, channel in np.ndindex(largest.shape):
        window = maps[i * size[0] : (i + 1) * size[0], j * size[1] : (j + 1) * size[1], channel]
        row, column = np.unravel_index(np.argmax(window), size)
        largest[i, j, channel] = window[row, column]
        first[i, j, channel] = i * size[0] + row, j * size[1] + column
    return largest, first


@SIZES
def test_the_maximum_of_each_window_and_the_rest_is_left_out(size):
    maps = np.random.default_rng(1).normal(size=(2, ROWS, COLUMNS, CHANNELS)).astype(np.float32)
    outputs = keras.ops.convert_to_numpy(MaxPooling2D(size)(maps))
    np.testing.assert_array_equal(outputs, np.stack([pooled(each, size)[0] for each in maps]))


@SIZES
def test_the_gradient_goes_to_the_first_position_of_a_tie(size):
    maps = np.random.default_rng(2).integers(0, 3, (ROWS, COLUMNS, CHANNELS)).astype(np.float32)
    table = keras.layers.Embedding(ROWS * COLUMNS, CHANNELS)
    positions = keras.Input((ROWS * COLUMNS,), dtype="int32")
    x = keras.layers.Reshape(maps.shape)(table(positions))
    model = keras.Model(positions, MaxPooling2D(size)(x))
    table.set_weights([maps.reshape(-1, CHANNELS)])
    largest, first = pooled(maps, size)
    upstream = np.random.default_rng(3).normal(size=largest.shape).astype(np.float32)

    def loss(labels, outputs):
        return keras.ops.sum(labels * outputs)

    rows = np.arange(ROWS * COLUMNS, dtype=np.int32)[None]
    outputs, (gradient,) = differentiate(model, rows, upstream[None], True, loss)
    np.testing.assert_array_equal(outputs[0], largest)
    expected = np.zeros_like(maps)
    for i, j, channel in np.ndindex(largest.shape):
        expected[(*first[i, j, channel], channel)] += upstream[i, j, channel]
    np.testing.assert_allclose(gradient.reshape(maps.shape), expected, rtol=1e-6)


@pytest.mark.parametrize("options", [{"pool_size": 3, "strides": 2}, {"pool_size": 2, "padding": "same"}])
def test_other_windows_are_those_of_keras(options):
    maps = np.random.default_rng(4).normal(size=(2, ROWS, COLUMNS, CHANNELS)).astype(np.float32)
    ours, theirs = (kind(**options)(maps) for kind in (MaxPooling2D, keras.layers.MaxPooling2D))
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(ours), keras.ops.convert_to_numpy(theirs))


def test_nan_is_what_it_is_for_keras():
    maps = np.zeros((1, 2, 4, 1), np.float32)
    maps[0, 0, 0] = maps[0, 1, 3] = np.nan
    ours, theirs = (kind(2)(maps) for kind in (MaxPooling2D, keras.layers.MaxPooling2D))
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(ours), keras.ops.convert_to_numpy(theirs))


def test_a_batch_is_its_rows():
    maps = np.random.default_rng(5).normal(size=(3, ROWS, COLUMNS, CHANNELS)).astype(np.float32)
    check_batch(lambda maps: MaxPooling2D(2)(maps), [maps])
