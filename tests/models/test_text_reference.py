"""Every character translator against plain PyTorch, with the same weights, on a batch with padding."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from kzoo.layers import ATTENTIONS
from kzoo.models import seq2seq as family
from kzoo.models.initialization import draw_weights
from kzoo.models.seq2seq import has_attention, seq2seq
from kzoo.registry import card, create_model

torch = pytest.importorskip("torch")

from twins import check_equal, check_steps, draw_ids, outputs_of, tolerance  # noqa: E402

from kzoo.pytorch.text_models import TEXT_MODELS  # noqa: E402
from kzoo.pytorch.weights import copy_to_twin  # noqa: E402

CODED = {
    "R002": (
        "nmt-bilinear",
        {"dropout_at": ("source", "encoder", "target", "decoder"), "output_query": "projected"},
    ),
    "R003": ("p2g-bahdanau", {"dropout_at": ("target",), "output_norm": True, "scorer_std": 0.01}),
}
"""The networks of the reports' own code where they differ from the assignment's."""

VARIANTS = [*((name, {}) for name in TEXT_MODELS), *CODED.values()]

SOURCE_LENGTHS, TARGET_LENGTHS = (7, 1, 11, 4, 11), (5, 3, 2, 9, 9)


def twins(name: str, options: dict):
    """A model and its reference with the same weights, without dropout, and a batch for both."""
    model = create_model(name, seed=7, **options, dropout=0.0)
    module = TEXT_MODELS[name](**options, dropout=0.0)
    copy_to_twin(model, module)
    source = draw_ids(SOURCE_LENGTHS, module.source_embedding.num_embeddings, 1)
    target = draw_ids(TARGET_LENGTHS, module.target_embedding.num_embeddings, 2)
    return model, module, source, target


@pytest.mark.parametrize("name", TEXT_MODELS)
def test_has_the_parameters_of_its_card_and_no_second_biases(name):
    two_biases = 4 * (64 + 64 + 128)
    parameters = sum(weight.numel() for weight in TEXT_MODELS[name]().parameters())
    assert card(name).parameters == parameters - two_biases


@pytest.mark.parametrize(("name", "options"), VARIANTS)
def test_equals_plain_pytorch(name, options):
    model, module, source, target = twins(name, options)
    inputs = {"source_ids": source, "target_ids": target[:, :-1]}
    check_equal(model, module, inputs, target[:, 1:])


@pytest.mark.parametrize("beams", [1, 3])
@pytest.mark.parametrize(("name", "options"), VARIANTS)
def test_a_step_at_a_time_is_the_whole(name, options, beams):
    model, _, source, target = twins(name, options)
    check_steps(family, model, {"source_ids": source, "target_ids": target}, beams)


@pytest.mark.parametrize(("name", "options"), VARIANTS)
def test_padding_changes_nothing(name, options):
    model, _, source, target = twins(name, options)
    whole = outputs_of(model, {"source_ids": source, "target_ids": target})
    longer = {"source_ids": np.pad(source, [(0, 0), (0, 13)]), "target_ids": target}
    np.testing.assert_allclose(outputs_of(model, longer), whole, atol=tolerance(whole))
    alone = {"source_ids": source[3:4, : SOURCE_LENGTHS[3]], "target_ids": target[3:4]}
    np.testing.assert_allclose(outputs_of(model, alone)[0], whole[3], atol=tolerance(whole))


@pytest.mark.parametrize("attention", ["none", *ATTENTIONS])
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


@pytest.mark.parametrize(("name", "options"), CODED.values(), ids=CODED)
def test_the_reports_own_code_has_dropout_elsewhere(name, options):
    """Dropout of nearly all leaves zeros where it stands, and nowhere else."""
    model = create_model(name, seed=7, **options, dropout=0.999)
    rates = {layer.name: layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)}
    assert rates == {f"{place}_dropout": 0.999 for place in options["dropout_at"]}
    source, target = draw_ids(SOURCE_LENGTHS, 34, 1), draw_ids(TARGET_LENGTHS, 34, 2)
    reads = {"R002": "decoder_dropout", "R003": "target_dropout"}
    place = reads["R002" if "output_query" in options else "R003"]
    probe = keras.Model(model.input, model.get_layer(place).output)
    dropped = probe({"source_ids": source, "target_ids": target}, training=True)
    assert np.mean(keras.ops.convert_to_numpy(dropped) == 0) > 0.99


def test_a_report_s_own_code_adds_what_it_says():
    assert create_model("nmt-bilinear", **CODED["R002"][1]).count_params() == card("nmt-bilinear").parameters
    assert (
        create_model("p2g-bahdanau", **CODED["R003"][1]).count_params()
        == card("p2g-bahdanau").parameters + 256
    )


def test_a_projected_query_is_bilinear_attention():
    """With W_q taken over and W_o reading W_q s in place of s, the weights of the attention are the same."""
    plain = create_model("nmt-bilinear", seed=7, dropout=0.0)
    projected = create_model("nmt-bilinear", seed=8, dropout=0.0, output_query="projected")
    source, target = draw_ids(SOURCE_LENGTHS, 34, 1), draw_ids(TARGET_LENGTHS, 34, 2)
    for layer in ("source_embedding", "target_embedding", "encoder", "decoder"):
        projected.get_layer(layer).set_weights(plain.get_layer(layer).get_weights())
    projected.get_layer("query_projection").set_weights(plain.get_layer("attention").get_weights())
    expected = family.attention_weights(plain, source, target)
    np.testing.assert_allclose(family.attention_weights(projected, source, target), expected, atol=1e-6)


def test_a_scorer_starts_as_small_as_it_is_asked_to():
    (v,) = create_model("p2g-bahdanau", seed=1, scorer_std=0.01).get_layer("attention").scorer.get_weights()
    assert 0.008 < v.std() < 0.012
    assert abs(v.mean()) < 0.005


def test_options_out_of_range_are_refused():
    with pytest.raises(ValueError, match="even"):
        seq2seq(34, 34, units=7)
    with pytest.raises(ValueError, match="one of none, bahdanau"):
        seq2seq(34, 34, attention="luong")
    with pytest.raises(
        ValueError, match="dropout_at must be one of source, encoder, target, decoder, output"
    ):
        seq2seq(34, 34, dropout_at=("source", "embedding"))
    with pytest.raises(ValueError, match="output_query must be one of plain, projected"):
        seq2seq(34, 34, attention="bilinear", output_query="z")
    with pytest.raises(ValueError, match="'projected' is for attention='bilinear'"):
        seq2seq(34, 34, attention="bahdanau", output_query="projected")
    with pytest.raises(ValueError, match="attention is 'none'"):
        seq2seq(34, 34, output_norm=True)
    with pytest.raises(ValueError, match="scorer_std is for attention='bahdanau'"):
        seq2seq(34, 34, attention="bilinear", scorer_std=0.01)
