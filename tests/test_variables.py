"""Variables whose random initial values are drawn later, or never."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from kzoo.models.initialization import draw_weights
from kzoo.registry import create_model
from kzoo.variables import drawn_later

INPUTS, UNITS = 3, 5
to_numpy = keras.ops.convert_to_numpy


@pytest.fixture
def no_draws(monkeypatch):
    """The initialiser of a Dense kernel must not be asked for values."""

    def refuse(*arguments, **options):
        raise AssertionError("values were drawn that nothing uses")

    monkeypatch.setattr(keras.initializers.GlorotUniform, "__call__", refuse)


class Scaled(keras.layers.Layer):
    """A layer without draws of its own in the conventions."""

    def build(self, input_shape):
        self.scale = self.add_weight(
            shape=(input_shape[-1],), initializer=keras.initializers.RandomNormal(seed=7)
        )
        self.offset = self.add_weight(shape=(input_shape[-1],), initializer="ones")

    def call(self, inputs):
        return inputs * self.scale + self.offset


def test_random_values_wait_and_others_do_not():
    with drawn_later() as waiting:
        layer = Scaled()
        layer.build((None, INPUTS))
    assert [variable for variable, _ in waiting] == [layer.scale]
    np.testing.assert_array_equal(to_numpy(layer.scale), np.zeros(INPUTS))
    np.testing.assert_array_equal(to_numpy(layer.offset), np.ones(INPUTS))
    later = Scaled()
    later.build((None, INPUTS))
    assert (to_numpy(later.scale) != 0).all()


def test_a_variable_without_a_draw_by_the_convention_is_drawn_by_its_initialiser():
    expected = Scaled()
    expected.build((None, INPUTS))
    with drawn_later() as waiting:
        model = keras.Sequential([keras.Input((INPUTS,)), Scaled()])
    draw_weights(model, "keras", 1, waiting)
    np.testing.assert_array_equal(to_numpy(model.layers[0].scale), to_numpy(expected.scale))


@pytest.mark.usefixtures("no_draws")
def test_a_variable_with_a_draw_by_the_convention_is_drawn_by_nothing_else():
    with drawn_later() as waiting:
        layer = keras.layers.Dense(UNITS)
        model = keras.Sequential([keras.Input((INPUTS,)), layer])
    draw_weights(model, "keras", 1, waiting)
    assert (to_numpy(layer.kernel) != 0).all()


def test_a_saved_model_is_loaded_without_draws(tmp_path, request):
    model = create_model("tiny-cnn", seed=3)
    model.save(tmp_path / "model.keras")
    request.getfixturevalue("no_draws")
    with drawn_later():
        loaded = keras.saving.load_model(tmp_path / "model.keras")
    for ours, theirs in zip(loaded.variables, model.variables, strict=True):
        np.testing.assert_array_equal(to_numpy(ours), to_numpy(theirs))
