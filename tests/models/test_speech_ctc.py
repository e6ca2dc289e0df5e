"""The options of the recognisers that are not published: CTC, subsampling and the recurrent encoder."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from kzoo.decoding import Limits
from kzoo.decoding.decoder import compile_decoding
from kzoo.decoding.options import Decoding
from kzoo.errors import UsageError
from kzoo.models import speech
from kzoo.registry import create_model
from kzoo.symbols import EOS, SOS
from kzoo.training.sources import Sources

SMALL = {"vocabulary": 9, "mels": 5, "units": 8, "blocks": 1}
LENGTHS = np.array([13, 4, 7, 1, 9, 2])
CASES = {
    "ctc": {"ctc": 1.0},
    "ctc of an LSTM": {"ctc": 1.0, "encoder": "lstm", "subsampling": 4},
    "hybrid": {"ctc": 0.3, "subsampling": 4},
}
EVERY = pytest.mark.parametrize("case", CASES)


def create(case: str, **options) -> keras.Model:
    model = create_model("asr-lstm", seed=3, **{**SMALL, **CASES[case], **options})
    for variable in model.trainable_variables:
        if "conv" in variable.path or "ctc" in variable.path:  # so that much differs between states
            variable.assign(3 * variable)
    return model


def clips() -> np.ndarray:
    frames = np.random.default_rng(2).normal(0, 1, (len(LENGTHS), max(LENGTHS), 5)).astype("float32")
    return frames * (np.arange(max(LENGTHS)) < LENGTHS[:, None])[..., None]


def outputs_of(model: keras.Model, frames: np.ndarray) -> list[np.ndarray]:
    """The outputs of CTC, and of the decoder if there is one."""
    target_ids = np.tile(np.array([[SOS, 4, 5, 4]], np.int32), (len(frames), 1))
    outputs = model({"frames": frames, "target_ids": target_ids}, training=False)
    return list(map(keras.ops.convert_to_numpy, outputs if isinstance(outputs, list) else [outputs]))


@EVERY
def test_padding_is_not_heard_and_is_blank(case):
    model, frames = create(case), clips()
    subsampling = CASES[case].get("subsampling", 2)
    states = -(-LENGTHS // subsampling)
    log_q, *of_decoder = outputs_of(model, frames)
    assert log_q.shape == (6, -(-13 // subsampling), 9)
    np.testing.assert_allclose(np.exp(log_q).sum(axis=-1), 1, rtol=1e-5)
    for row, count in zip(log_q, states, strict=True):
        assert (row[:count] > -1e3).all()
        assert (row[count:, 0] == 0).all()
        assert (row[count:, 1:] == -1e30).all()
    longer = outputs_of(model, np.pad(frames, [(0, 0), (0, 7), (0, 0)]))
    np.testing.assert_allclose(longer[0][:, : log_q.shape[1]], log_q, atol=1e-5)
    alone = outputs_of(model, frames[[2], :7])
    np.testing.assert_allclose(alone[0][0], log_q[2, : states[2]], atol=1e-5)
    for ours, theirs, single in zip(of_decoder, longer[1:], alone[1:], strict=True):
        np.testing.assert_allclose(theirs, ours, atol=1e-5)
        np.testing.assert_allclose(single[0], ours[2], atol=1e-5)


def test_states_of_four_frames_are_every_second_one_of_the_first_convolution():
    published, subsampled = create("ctc", masked=False), create("ctc", masked=False, subsampling=4)
    for name in ("conv1", "conv2"):
        subsampled.get_layer(name).set_weights(published.get_layer(name).get_weights())
    ours, theirs = (
        keras.Model(model.input["frames"], model.get_layer("conv1_gelu").output)(clips(), training=False)
        for model in (subsampled, published)
    )
    np.testing.assert_allclose(*map(keras.ops.convert_to_numpy, (ours, theirs[:, ::2])), atol=1e-6)


@EVERY
def test_a_file_keeps_what_is_decoded_and_a_clip_alone_as_in_a_batch(case, tmp_path):
    model, limits = create(case), Limits(SOS, EOS, 9)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    sources = Sources(clips(), 16, 4)
    together = compile_decoding([model], speech, Decoding(), limits)(sources)
    assert len(np.unique(together.tokens[:, 0], axis=0)) > 2
    decode = compile_decoding([again], speech, Decoding(), limits)
    for row in (1, 4):
        alone = decode(sources[row : row + 1])
        np.testing.assert_array_equal(alone.tokens[0], together.tokens[row])
        np.testing.assert_allclose(alone.scores[0], together.scores[row], rtol=1e-4, atol=1e-4)


def test_attention_is_where_there_is_a_decoder():
    frames, before = clips(), np.full((6, 4), SOS, np.int32)
    weights = speech.attention_weights(create("hybrid"), frames, before)
    assert weights.shape == (6, 4, 4)
    np.testing.assert_allclose(weights.sum(axis=-1), 1, rtol=1e-5)
    assert not weights[np.arange(4) >= -(-LENGTHS[:, None, None] // 4) * np.ones((1, 4, 1))].any()
    with pytest.raises(UsageError, match=r"asr-lstm has no attention: set model\.ctc to less than 1"):
        speech.attention_weights(create("ctc"), frames, before)


def test_the_decoder_is_left_out_where_ctc_is_all():
    """The published encoder has 812,800 parameters, and a linear layer of 35 symbols 201 each."""
    assert create_model("asr-lstm", ctc=1.0).count_params() == 812_800 + 35 * 201
    assert create_model("asr-lstm", ctc=0.5).count_params() == 1_470_435 + 35 * 201


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"ctc": 1.5}, r"ctc must lie in \[0, 1\], not 1.5"),
        ({"subsampling": 3}, "subsampling must be 2 or 4, not 3"),
        ({"encoder": "gru"}, "encoder must be one of attention, lstm, not 'gru'"),
    ],
)
def test_options_out_of_range_are_refused(options, said):
    with pytest.raises(UsageError, match=said):
        create_model("asr-lstm", **options)


def test_a_seed_gives_the_same_weights_again():
    ours, theirs = (create_model("asr-lstm", seed=3, **SMALL, **CASES["ctc of an LSTM"]) for _ in range(2))
    for weight, again in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, again)
