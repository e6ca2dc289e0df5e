"""The captioners against plain PyTorch with the same weights, against themselves, and by their options."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from kzoo.errors import UsageError
from kzoo.models import captioning
from kzoo.models.captioning import captioner
from kzoo.models.initialization import draw_weights
from kzoo.registry import card, create_model

torch = pytest.importorskip("torch")

from twins import as_array, check_equal, check_steps, draw_ids, outputs_of  # noqa: E402

from kzoo.pytorch.caption_models import CAPTION_MODELS  # noqa: E402
from kzoo.pytorch.weights import copy_to_twin  # noqa: E402

LENGTHS = (5, 3, 2, 9, 9)
SIZES = {"features": 17, "embedding": 11, "units": 13, "attention_units": 7}


def draw_regions(count: int = 5, features: int = 17) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(count, 19, features)).astype("float32")


@pytest.mark.parametrize("name", CAPTION_MODELS)
def test_has_the_parameters_of_its_card_and_no_second_bias(name):
    parameters = sum(weight.numel() for weight in CAPTION_MODELS[name]().parameters())
    assert card(name).parameters == parameters - 4 * 256


@pytest.mark.parametrize("name", CAPTION_MODELS)
def test_equals_plain_pytorch(name):
    model = create_model(name, seed=7, dropout=0.0, vocabulary=23, **SIZES)
    module = CAPTION_MODELS[name](dropout=0.0, vocabulary=23, **SIZES)
    copy_to_twin(model, module)
    targets = draw_ids(LENGTHS, 23, 2)
    inputs = {"regions": 3 * draw_regions(), "target_ids": targets[:, :-1]}
    check_equal(model, module, inputs, targets[:, 1:])


def small(attention: str, **options) -> tuple[keras.Model, dict[str, np.ndarray]]:
    """A model with dropout, which must not be seen, and a batch for it."""
    model = captioner(23, attention=attention, **SIZES | options)
    draw_weights(model, "keras", seed=3)
    source = {"regions": draw_regions()}
    if options:
        source = {"image": np.random.default_rng(1).random((5, 16, 24, 3), dtype="float32")}
    return model, source | {"target_ids": draw_ids(LENGTHS, 23, 2)}


@pytest.mark.parametrize("beams", [1, 3])
@pytest.mark.parametrize("attention", ["none", "bahdanau", "bilinear"])
def test_a_step_at_a_time_is_the_whole(attention, beams):
    check_steps(captioning, *small(attention), beams)


@pytest.mark.parametrize("options", [{}, {"encoder": "conv"}], ids=["regions", "images"])
@pytest.mark.parametrize("attention", ["none", "bahdanau", "bilinear"])
def test_a_file_keeps_what_is_said_and_how_it_is_decoded(attention, options, tmp_path):
    model, batch = small(attention, **options)
    outputs = outputs_of(model, batch)
    assert outputs.shape == (5, 9, 23)
    np.testing.assert_allclose(np.exp(outputs).sum(axis=-1), 1, rtol=1e-5)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(outputs_of(again, batch), outputs, atol=1e-6)
    assert captioning.has_attention(again) == (attention != "none")
    check_steps(captioning, again, batch)


def test_an_image_alone_is_as_it_is_among_others():
    model, batch = small("bahdanau")
    alone = outputs_of(model, {"regions": batch["regions"][2:3], "target_ids": batch["target_ids"][2:3, :2]})
    np.testing.assert_allclose(alone[0], outputs_of(model, batch)[2, :2], atol=1e-5)


@pytest.mark.parametrize("options", [{}, {"encoder": "conv"}], ids=["regions", "images"])
def test_weights_are_those_of_the_states_before(options):
    """Those of the equation, from the states that decoding has."""
    model, batch = small("bahdanau", **options)
    attention = model.get_layer("decoder").attention
    attention.set_weights([4 * weight for weight in attention.get_weights()])
    source = batch["image" if options else "regions"]
    encoded = captioning.encoder_graph(model)(ops.convert_to_tensor(source))
    memory = as_array(encoded["memory"])
    parts = (attention.query_projection, attention.key_projection, attention.scorer)
    (query, query_bias), (key, key_bias), (scorer, _) = (part.get_weights() for part in parts)
    found = captioning.attention_weights(model, source, batch["target_ids"])
    assert found.shape == (5, 9, memory.shape[1])
    assert found.dtype == np.float32
    step, state = captioning.begin_decoding(model, encoded)
    for t in range(9):
        hidden = memory @ key + key_bias + (as_array(state[0]) @ query + query_bias)[:, None]
        scores = np.exp((np.maximum(hidden, 0) @ scorer)[..., 0])
        np.testing.assert_allclose(found[:, t], scores / scores.sum(axis=1, keepdims=True), atol=1e-5)
        _, state = step(ops.convert_to_tensor(batch["target_ids"][:, t]), state)
    assert np.ptp(found, axis=2).max() > 0.01


def test_there_are_none_without_an_attention():
    model, batch = small("none")
    with pytest.raises(UsageError, match=r"has no attention: set model\.attention"):
        captioning.attention_weights(model, batch["regions"], batch["target_ids"])


def test_an_unknown_attention_is_refused():
    with pytest.raises(ValueError, match="one of none, bahdanau"):
        captioner(23, attention="luong")
