from __future__ import annotations

import keras
import numpy as np
from attentions import array, compiled

from kzoo.layers import PaddingMask


def frames() -> np.ndarray:
    """The last one and the last three are padding; one in the middle is silent; zeros stand elsewhere."""
    x = np.random.default_rng(101).normal(size=(2, 7, 3)).astype("float32")
    x[0, 6] = x[1, 4:] = x[1, 2] = 0
    x[0, 0, :2] = x[0, 1] = x[1, 0, 1:] = 0
    x[0, 1, 2] = -1e-3
    return x


def test_a_position_counts_where_a_feature_is_not_zero():
    expected = [[True] * 6 + [False], [True, True, False, True, False, False, False]]
    mask = PaddingMask()(frames())
    assert keras.backend.standardize_dtype(mask.dtype) == "bool"
    assert array(mask).astype(bool).tolist() == expected


def test_compiled_is_eager():
    layer = PaddingMask()
    np.testing.assert_array_equal(array(compiled(layer)(frames())), array(layer(frames())))


def test_half_precision_sees_the_same():
    expected = array(PaddingMask()(frames()))
    np.testing.assert_array_equal(array(PaddingMask(dtype="float16")(frames())), expected)


def test_a_file_keeps_the_outputs(tmp_path):
    inputs = keras.Input((None, 3))
    mask = PaddingMask()(inputs)
    assert (mask.shape, mask.dtype) == ((None, None), "bool")
    model = keras.Model(inputs, mask)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(array(again(frames())), array(model(frames())))
    np.testing.assert_array_equal(array(model(frames())), array(PaddingMask()(frames())))
