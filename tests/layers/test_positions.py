"""`Sinusoids` by their equation, `LearnedPositions` by their table."""

from __future__ import annotations

import math

import keras
import numpy as np
import pytest
from attentions import array, compiled
from gradients import differentiate

from kzoo.layers import LearnedPositions, Sinusoids

LENGTH, FEATURES, LONGEST = 7, 10, 11


def sequences(length: int = LENGTH, features: int = FEATURES) -> np.ndarray:
    return np.random.default_rng(89).normal(size=(2, length, features)).astype("float32")


def learned(**options) -> LearnedPositions:
    layer = LearnedPositions(LONGEST, **options)
    layer.build((None, None, FEATURES))
    layer.set_weights([np.random.default_rng(97).normal(size=(LONGEST, FEATURES))])
    return layer


LAYERS = {"sinusoids": Sinusoids, "learned": learned}
both = pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)


@pytest.mark.parametrize("features", [4, 6, 26])
def test_sinusoids_by_their_equation(features):
    expected, half = sequences(features=features).astype("float64"), features // 2
    for t in range(LENGTH):
        for i in range(half):
            angle = t * 10_000 ** (-i / (half - 1))
            expected[:, t, i] += math.sin(angle)
            expected[:, t, half + i] += math.cos(angle)
    np.testing.assert_allclose(array(Sinusoids()(sequences(features=features))), expected, atol=1e-5)


def test_sinusoids_of_late_positions():
    """The 1,377th is the last of R004's clips."""
    t = np.arange(1377)
    waves = array(Sinusoids()(np.zeros((1, 1377, 4), "float32")))[0]
    expected = [np.sin(t), np.sin(t / 10_000), np.cos(t), np.cos(t / 10_000)]
    np.testing.assert_allclose(waves, np.stack(expected, axis=1), atol=2e-4)


@pytest.mark.parametrize("features", [2, 5, 7])
def test_sinusoids_need_an_even_number_of_features(features):
    with pytest.raises(ValueError, match=f"must be even and 4 or more, not {features}"):
        Sinusoids()(sequences(features=features))


@pytest.mark.parametrize("length", [1, LENGTH, LONGEST])
def test_learned_positions_are_the_rows_of_their_table(length):
    layer = learned()
    expected = sequences(length) + array(layer.table)[:length]
    np.testing.assert_allclose(array(layer(sequences(length))), expected, atol=1e-6)


def test_the_vectors_at_some_positions():
    layer, positions = learned(), np.array([[3, 0], [10, 3], [1, 6]], "int32")
    expected = array(layer.table)[positions]
    np.testing.assert_array_equal(array(layer.at(positions)), expected)
    zeros = np.zeros((1, LONGEST, FEATURES), "float32")
    np.testing.assert_array_equal(array(layer(zeros))[0], array(layer.at(np.arange(LONGEST))))


def test_a_sequence_too_long_to_place():
    with pytest.raises(ValueError, match=r"LearnedPositions\(11\) cannot place a sequence of 12"):
        learned()(sequences(LONGEST + 1))


@pytest.mark.parametrize("length", [0, -1])
def test_the_length_must_be_positive(length):
    with pytest.raises(ValueError, match=f"LearnedPositions: length must be positive, not {length}"):
        LearnedPositions(length)


def test_a_position_learns_where_a_sequence_reaches_it():
    model = keras.Sequential([keras.Input((LENGTH, FEATURES)), learned(), keras.layers.Flatten()])
    _, (gradient,) = differentiate(model, sequences(), np.array([5, 41], "int32"), training=True)
    reached = np.zeros((LONGEST, FEATURES))
    reached[0, 5] = reached[4, 1] = -0.5  # the loss is the mean of -outputs[label]
    np.testing.assert_allclose(gradient, reached, atol=1e-7)


@both
def test_compiled_is_eager(make):
    layer = make()
    np.testing.assert_allclose(array(compiled(layer)(sequences())), array(layer(sequences())), atol=1e-6)


@both
@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision(make, dtype):
    layer = make(dtype=dtype)
    outputs = layer(sequences())
    assert keras.backend.standardize_dtype(outputs.dtype) == layer.compute_dtype
    assert layer(keras.Input((None, FEATURES))).dtype == layer.compute_dtype
    np.testing.assert_allclose(array(outputs), array(make()(sequences())), atol=0.05)


@both
def test_a_file_keeps_the_outputs(make, tmp_path):
    inputs = keras.Input((None, FEATURES))
    outputs = make()(inputs)
    assert outputs.shape == (None, None, FEATURES)
    model = keras.Model(inputs, outputs)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(array(again(sequences())), array(model(sequences())))
