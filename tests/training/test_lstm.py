"""The LSTMs that no engine replaces."""

from __future__ import annotations

import keras
import numpy as np
import pytest

if keras.backend.backend() == "tensorflow":
    from kzoo.training.engines.tensorflow_operations import fast_operations as replaced
elif keras.backend.backend() == "torch":
    from kzoo.training.engines.torch_operations import traceable as replaced
else:
    pytest.skip("JAX keeps Keras's LSTM", allow_module_level=True)

BATCH, STEPS, FEATURES, UNITS = 5, 7, 3, 4


@pytest.mark.parametrize(
    "options", [{"activation": "relu"}, {"use_bias": False}, {"dtype": "mixed_bfloat16"}]
)
def test_other_lstms_are_left_to_keras(options):
    layer = keras.layers.LSTM(UNITS, **options)
    inputs = np.random.default_rng(0).normal(size=(BATCH, STEPS, FEATURES)).astype(np.float32)
    expected = keras.ops.convert_to_numpy(layer(inputs))
    with replaced():
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(layer(inputs)), expected)
