"""The mapping of weights between a model of the zoo and its twin in PyTorch, there and back."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from kzoo.registry import create_model, list_models

torch = pytest.importorskip("torch")

from kzoo.pytorch.caption_models import CAPTION_MODELS  # noqa: E402
from kzoo.pytorch.image_models import IMAGE_MODELS  # noqa: E402
from kzoo.pytorch.speech_models import SPEECH_MODELS  # noqa: E402
from kzoo.pytorch.text_models import TEXT_MODELS  # noqa: E402
from kzoo.pytorch.weights import copy_from_twin, copy_to_twin, keras_layout  # noqa: E402

TWINS = IMAGE_MODELS | TEXT_MODELS | CAPTION_MODELS | SPEECH_MODELS


@pytest.mark.parametrize("name", list_models())
def test_weights_go_to_the_twin_and_back(name):
    model, other = create_model(name, seed=3), create_model(name, seed=4)
    module = TWINS[name]()
    copy_to_twin(model, module)
    copy_from_twin(module, other)
    for ours, theirs in zip(model.weights, other.weights, strict=True):
        expected, found = map(keras.ops.convert_to_numpy, (ours, theirs))
        np.testing.assert_array_equal(found, expected, err_msg=ours.path)


def test_the_two_biases_of_an_lstm_are_summed():
    model, module = create_model("nmt", units=6), TEXT_MODELS["nmt"](units=6)
    copy_from_twin(module, model)
    state = module.state_dict()
    expected = (state["decoder.bias_ih_l0"] + state["decoder.bias_hh_l0"]).numpy()
    bias = next(weight for weight in model.get_layer("decoder").weights if weight.name == "bias")
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(bias), expected)


def test_a_weight_that_is_not_there_is_named():
    module = IMAGE_MODELS["tiny-cnn"]()
    state = {key: value for key, value in module.state_dict().items() if key != "fc1.bias"}
    with pytest.raises(KeyError, match=r"fc1\.bias"):
        keras_layout(module, state, {"fc1/bias": (10,)})
