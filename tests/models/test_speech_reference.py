"""The recognisers against plain PyTorch with the same weights, against themselves, and by their options."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from kzoo.layers import ATTENTIONS
from kzoo.models import speech
from kzoo.models.initialization import draw_weights
from kzoo.models.speech import recogniser
from kzoo.registry import card, create_model

torch = pytest.importorskip("torch")

from twins import as_array, check_equal, check_steps, draw_ids, outputs_of  # noqa: E402

from kzoo.pytorch.speech_models import SPEECH_MODELS  # noqa: E402
from kzoo.pytorch.weights import copy_to_twin  # noqa: E402

FRAMES, LENGTHS = (13, 1, 8, 2, 13), (5, 3, 2, 6, 6)
SIZES = {"mels": 7, "units": 12, "heads": 3}


def batch() -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Clips that end in zeros, and their texts."""
    rng = np.random.default_rng(1)
    real = np.arange(max(FRAMES)) < np.array(FRAMES)[:, None]
    frames = (real[..., None] * rng.normal(size=(*real.shape, 7))).astype("float32")
    targets = draw_ids(LENGTHS, 23, 2)
    return {"frames": frames, "target_ids": targets[:, :-1]}, targets[:, 1:]


def spread(model: keras.Model) -> keras.Model:
    """The model with the scales and offsets of its norms drawn too."""
    rng = np.random.default_rng(5)
    for variable in model.weights:
        if variable.name in ("gamma", "beta"):
            variable.assign(rng.uniform(0.5, 1.5, variable.shape))
    return model


@pytest.mark.parametrize(("name", "second_bias"), [("asr-lstm", 4 * 200), ("asr-attention", 0)])
def test_has_the_parameters_of_its_card_and_no_second_bias(name, second_bias):
    parameters = sum(weight.numel() for weight in SPEECH_MODELS[name]().parameters())
    assert card(name).parameters == parameters - second_bias


CASES = [
    *(
        ("asr-lstm", {"input_norm": norm, "masked": masked})
        for norm in (True, False)
        for masked in (True, False)
    ),
    *(("asr-attention", {"masked": masked}) for masked in (True, False)),
]


@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
def test_equals_plain_pytorch(name, options):
    options = {**SIZES, **options, "vocabulary": 23}
    model, module = spread(create_model(name, seed=7, **options)), SPEECH_MODELS[name](**options)
    copy_to_twin(model, module)
    check_equal(model, module, *batch())


def small(attention: str, **options) -> keras.Model:
    """A model with dropout, which must not be seen."""
    model = recogniser(23, attention=attention, dropout=0.5, blocks=1, **SIZES | options)
    draw_weights(model, "keras", seed=3)
    return spread(model)


@pytest.mark.parametrize("beams", [1, 3])
@pytest.mark.parametrize("attention", ["none", *ATTENTIONS])
def test_a_step_at_a_time_is_the_whole(attention, beams):
    check_steps(speech, small(attention), batch()[0], beams)


@pytest.mark.parametrize("options", [{"masked": False}, {"input_norm": False}], ids=str)
@pytest.mark.parametrize("attention", ["none", *ATTENTIONS])
def test_a_file_keeps_what_is_written_and_how_it_is_decoded(attention, options, tmp_path):
    model, (inputs, _) = small(attention, **options), batch()
    outputs = outputs_of(model, inputs)
    np.testing.assert_allclose(np.exp(outputs).sum(axis=-1), 1, rtol=1e-5)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(outputs_of(again, inputs), outputs, atol=1e-6)
    check_steps(speech, again, inputs)


def test_padding_is_not_heard():
    model, (inputs, _) = small("none"), batch()
    whole = outputs_of(model, inputs)
    longer = {**inputs, "frames": np.pad(inputs["frames"], [(0, 0), (0, 11), (0, 0)])}
    np.testing.assert_allclose(outputs_of(model, longer), whole, atol=1e-5)
    for row in (1, 2):
        alone = {"frames": inputs["frames"][[row], : FRAMES[row]], "target_ids": inputs["target_ids"][[row]]}
        np.testing.assert_allclose(outputs_of(model, alone)[0], whole[row], atol=1e-5)


def test_padding_is_heard_where_it_is_not_masked():
    model, (inputs, _) = small("none", masked=False), batch()
    longer = {**inputs, "frames": np.pad(inputs["frames"], [(0, 0), (0, 11), (0, 0)])}
    assert np.abs(outputs_of(model, longer) - outputs_of(model, inputs)).max() > 1e-3


@pytest.mark.parametrize("attention", ["none", *ATTENTIONS])
def test_characters_that_come_later_are_not_seen(attention):
    model, (inputs, _) = small(attention), batch()
    other = {**inputs, "target_ids": np.where(np.arange(5) < 3, inputs["target_ids"], 9).astype("int32")}
    before, after = outputs_of(model, inputs), outputs_of(model, other)
    np.testing.assert_allclose(after[:, :3], before[:, :3], atol=1e-5)
    assert np.abs(after[0, 3:] - before[0, 3:]).max() > 1e-3


@pytest.mark.parametrize("masked", [True, False])
def test_weights_are_the_mean_of_the_heads(masked):
    model, (inputs, _) = small("dot", masked=masked), batch()
    probe = keras.Model(model.input, [model.get_layer(name).output for name in ("attention_norm", "memory")])
    query, memory = map(as_array, probe(inputs))
    layer = model.get_layer("attention")
    (query_kernel, query_bias), (key_kernel,) = (
        part.get_weights() for part in (layer.query_projection, layer.key_projection)
    )
    queries, keys = query @ query_kernel + query_bias, memory @ key_kernel
    heard = np.arange(7) < -(-np.array(FRAMES)[:, None] // 2)
    expected = np.zeros((5, 5, 7))
    for head in (slice(0, 4), slice(4, 8), slice(8, 12)):
        scores = np.exp(np.einsum("btd,bsd->bts", queries[..., head], keys[..., head]) / 2)
        scores = scores * heard[:, None] if masked else scores
        expected += scores / scores.sum(axis=-1, keepdims=True) / 3
    found = speech.attention_weights(model, inputs["frames"], inputs["target_ids"])
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_the_longest_text_is_decoded_and_no_longer_one():
    model = small("dot")
    inputs = {"frames": batch()[0]["frames"][:1], "target_ids": draw_ids((98,), 23, 4)}
    check_steps(speech, model, inputs)
    with pytest.raises(ValueError, match="cannot place a sequence of 99"):
        outputs_of(model, {**inputs, "target_ids": draw_ids((99,), 23, 4)})


def test_options_out_of_range_are_refused():
    with pytest.raises(ValueError, match="one of none, bahdanau"):
        recogniser(23, attention="luong")
    with pytest.raises(ValueError, match="3 heads cannot share 200 features"):
        recogniser(23, heads=3)


def test_convention_sets_the_constant_of_layer_normalisation():
    constants = {
        convention: {
            layer.epsilon
            for layer in recogniser(23, convention=convention, **SIZES).layers
            if isinstance(layer, keras.layers.LayerNormalization)
        }
        for convention in ("keras", "pytorch")
    }
    assert constants == {"keras": {1e-3}, "pytorch": {1e-5}}
