"""Every character translator against plain PyTorch, with the same weights, on a batch with padding."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from kzoo.models import seq2seq as family
from kzoo.models.conventions import draw_weights
from kzoo.models.seq2seq import ATTENTIONS, has_attention, seq2seq
from kzoo.registry import card, create_model

torch = pytest.importorskip("torch")

from reference.text_models import TEXT_MODELS  # noqa: E402
from reference.weights import copy_weights  # noqa: E402
from twins import check_equal, check_steps, draw_ids, outputs_of  # noqa: E402

SOURCE_LENGTHS, TARGET_LENGTHS = (7, 1, 11, 4, 11), (5, 3, 2, 9, 9)


def twins(name: str):
    """A model and its reference with the same weights, without dropout, and a batch for both."""
    model = create_model(name, seed=7, dropout=0.0)
    module = TEXT_MODELS[name](dropout=0.0)
    copy_weights(model, module)
    source = draw_ids(SOURCE_LENGTHS, module.source_embedding.num_embeddings, 1)
    target = draw_ids(TARGET_LENGTHS, module.target_embedding.num_embeddings, 2)
    return model, module, source, target


@pytest.mark.parametrize("name", TEXT_MODELS)
def test_has_the_parameters_of_its_card_and_no_second_biases(name):
    two_biases = 4 * (64 + 64 + 128)
    parameters = sum(weight.numel() for weight in TEXT_MODELS[name]().parameters())
    assert card(name).parameters == parameters - two_biases


@pytest.mark.parametrize("name", TEXT_MODELS)
def test_equals_plain_pytorch(name):
    model, module, source, target = twins(name)
    inputs = {"source_ids": source, "target_ids": target[:, :-1]}
    check_equal(model, module, inputs, target[:, 1:])


@pytest.mark.parametrize("beams", [1, 3])
@pytest.mark.parametrize("name", TEXT_MODELS)
def test_a_step_at_a_time_is_the_whole(name, beams):
    model, _, source, target = twins(name)
    check_steps(family, model, {"source_ids": source, "target_ids": target}, beams)


@pytest.mark.parametrize("name", TEXT_MODELS)
def test_padding_changes_nothing(name):
    model, _, source, target = twins(name)
    whole = outputs_of(model, {"source_ids": source, "target_ids": target})
    longer = {"source_ids": np.pad(source, [(0, 0), (0, 13)]), "target_ids": target}
    np.testing.assert_allclose(outputs_of(model, longer), whole, atol=1e-5)
    alone = {"source_ids": source[3:4, : SOURCE_LENGTHS[3]], "target_ids": target[3:4]}
    np.testing.assert_allclose(outputs_of(model, alone)[0], whole[3], atol=1e-5)


@pytest.mark.parametrize("attention", ATTENTIONS)
@pytest.mark.parametrize("tied", [True, False])
def test_every_attention_and_output(attention, tied, tmp_path):
    model = seq2seq(34, 34, units=12, attention=attention, tied=tied)
    draw_weights(model, "keras", seed=3)
    batch = {"source_ids": draw_ids((7, 4), 34, 1), "target_ids": draw_ids((3, 5), 34, 2)}
    outputs = outputs_of(model, batch)
    assert outputs.shape == (2, 5, 34)
    np.testing.assert_allclose(np.exp(outputs).sum(axis=-1), 1, rtol=1e-5)
    assert has_attention(model) == (attention != "none")
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(outputs_of(again, batch), outputs, atol=1e-6)
    check_steps(family, again, batch)


def test_options_out_of_range_are_refused():
    with pytest.raises(ValueError, match="even"):
        seq2seq(34, 34, units=7)
    with pytest.raises(ValueError, match="one of none, bilinear"):
        seq2seq(34, 34, attention="luong")
