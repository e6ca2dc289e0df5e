"""Decoding with captioners and recognisers, against their training graphs with the tokens before each."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from kzoo import create_model
from kzoo.decoding import Limits
from kzoo.decoding.decoder import compile_decoding
from kzoo.decoding.options import Decoding
from kzoo.inputs import TARGET, source_input
from kzoo.models import captioning, speech
from kzoo.symbols import EOS, SOS
from kzoo.training.sources import Sources

LENGTH, BATCH, VOCABULARY, SEED = 9, 4, 11, 8
GREEDY, BEAM = Decoding(), Decoding("beam", beam=3, length_penalty=0.6)

MODELS = {
    "caption": ("caption", {"features": 7, "embedding": 5}),
    "caption-bahdanau": ("caption-attention", {"features": 7, "embedding": 5, "attention_units": 3}),
    "caption-bilinear": ("caption", {"features": 7, "embedding": 5, "attention": "bilinear"}),
    "caption-conv": ("caption-attention", {"encoder": "conv", "embedding": 5, "attention_units": 3}),
    "asr-lstm": ("asr-lstm", {"mels": 5, "blocks": 1}),
    "asr-bare": ("asr-lstm", {"mels": 5, "blocks": 1, "input_norm": False, "masked": False}),
    "asr-dot": ("asr-attention", {"mels": 5, "blocks": 1}),
    "asr-linear": ("asr-attention", {"mels": 5, "blocks": 1, "attention": "linear"}),
}
EVERY = pytest.mark.parametrize("case", MODELS)
ATTENTIVE = [case for case in MODELS if case != "caption"]


@cache
def make_model(case, seed=SEED):
    """A small network that says much of different lengths: its weights are large."""
    name, options = MODELS[case]
    model = create_model(name, seed=seed, vocabulary=VOCABULARY, units=8, dropout=0.0, **options)
    rng = np.random.default_rng(seed)
    for variable in model.trainable_variables:
        if len(variable.shape) > 1:
            is_convolution = "conv" in variable.path
            variable.assign(3 * variable if is_convolution else rng.normal(0, 1.5, variable.shape))
    model.get_layer("output").bias.assign(np.zeros(VOCABULARY))
    return model


def family(case):
    return captioning if case.startswith("caption") else speech


@cache
def sources(case):
    """Seven sources, more than a batch; clips are of different lengths."""
    rng = np.random.default_rng(2)
    if case == "caption-conv":
        colours = rng.uniform(0, 1, (7, 2, 3, 3)).repeat(8, axis=1).repeat(8, axis=2)
        return Sources(colours.astype(np.float32), None, BATCH)
    if case.startswith("caption"):
        return Sources(rng.normal(0, 1, (7, 6, 7)).astype(np.float32), None, BATCH)
    frames = rng.normal(0, 1, (7, 13, 5)).astype(np.float32)
    if case != "asr-bare":
        frames *= np.arange(13)[:, None] < np.array([13, 4, 7, 1, 9, 2, 6])[:, None, None]
    return Sources(frames, None if case == "asr-bare" else 16, BATCH)


@cache
def decoder(cases, decoding):
    """`decode(sources)` of the models of these cases together, up to 9 tokens, compiled once."""
    models = [make_model(*case) for case in cases]
    return compile_decoding(models, family(cases[0][0]), decoding, Limits(SOS, EOS, LENGTH))


def decode(case, decoding=GREEDY, *seeds, about=None):
    return decoder(tuple((case, seed) for seed in seeds or (SEED,)), decoding)(about or sources(case))


def forced(case, written):
    """log p of every token at each position of the training graph, `(count, length, vocabulary)`."""
    before = np.concatenate([np.full((len(written), 1), SOS, np.int32), written[:, :-1]], axis=1)
    model = make_model(case)
    return model.predict_on_batch({source_input(model): sources(case).values, TARGET: before})


def summed(log_p, written):
    """sum_t log p of the tokens up to the end."""
    chosen = np.take_along_axis(log_p, written[..., None], axis=-1)[..., 0]
    return (chosen * (written != 0)).sum(axis=1)


@EVERY
def test_greedy_writes_the_likeliest_token_of_the_training_graph(case):
    found = decode(case)
    written = found.tokens[:, 0]
    assert len(np.unique(written, axis=0)) > 2
    log_p = forced(case, written)
    np.testing.assert_allclose(np.exp(log_p).sum(axis=-1), 1, rtol=1e-4)
    np.testing.assert_array_equal(np.where(written != 0, 1 + log_p[..., 1:].argmax(axis=-1), 0), written)
    np.testing.assert_allclose(found.scores[:, 0], summed(log_p, written), rtol=1e-4, atol=1e-4)


@EVERY
def test_half_precision_writes_too(case, precision):
    """What is written has about the scores that the training graph of the same weights gives it."""
    exact_model = make_model(case)  # before the policy changes, for it is kept
    precision("mixed_bfloat16")
    name, options = MODELS[case]
    model = create_model(name, seed=SEED, vocabulary=VOCABULARY, units=8, dropout=0.0, **options)
    model.set_weights([np.array(weight) for weight in exact_model.get_weights()])
    limits = Limits(SOS, EOS, LENGTH)
    for decoding in (GREEDY, BEAM):
        found = compile_decoding([model], family(case), decoding, limits)(sources(case))
        assert np.isfinite(found.scores).all()
    greedy = compile_decoding([model], family(case), GREEDY, limits)(sources(case))
    written = greedy.tokens[:, 0]
    before = np.concatenate([np.full((len(written), 1), SOS, np.int32), written[:, :-1]], axis=1)
    log_p = model.predict_on_batch({source_input(model): sources(case).values, TARGET: before})
    np.testing.assert_allclose(greedy.scores[:, 0], summed(np.asarray(log_p), written), rtol=0.1, atol=0.6)


@EVERY
def test_a_source_alone_as_in_a_batch(case):
    together = decode(case)
    for row in (1, 5):
        alone = decode(case, about=sources(case)[row : row + 1])
        np.testing.assert_array_equal(alone.tokens[0], together.tokens[row])
        np.testing.assert_allclose(alone.scores[0], together.scores[row], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("case", ["caption-bahdanau", "asr-dot", "asr-linear"])
def test_a_beam_scores_what_the_training_graph_does(case):
    """Its states are taken along as beams overtake each other."""
    found = decode(case, BEAM)
    for beam in range(3):
        written = found.tokens[:, beam]
        penalty = ((5 + np.count_nonzero(written, axis=1)) / 6) ** 0.6
        expected = summed(forced(case, written), written) / penalty
        np.testing.assert_allclose(found.scores[:, beam], expected, rtol=1e-3, atol=1e-4)
    assert (np.diff(found.scores, axis=1) <= 0).all()


def test_a_beam_of_one_is_greedy():
    narrow, greedy = decode("asr-dot", Decoding("beam", beam=1)), decode("asr-dot")
    np.testing.assert_array_equal(narrow.tokens, greedy.tokens)
    np.testing.assert_allclose(narrow.scores, greedy.scores, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("case", ["caption-bahdanau", "asr-dot"])
def test_a_model_with_itself_is_itself(case):
    twice, alone = decode(case, GREEDY, SEED, SEED), decode(case)
    np.testing.assert_array_equal(twice.tokens, alone.tokens)
    np.testing.assert_allclose(twice.scores, alone.scores, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("case", ["asr-lstm", "asr-dot", "asr-linear"])
def test_the_padding_of_a_clip_changes_nothing(case):
    about = sources(case)
    longer = np.pad(about.values, [(0, 0), (0, 9), (0, 0)])
    cut = decode(case, about=Sources(longer, about.bucket_width, about.batch))
    np.testing.assert_array_equal(cut.tokens, decode(case).tokens)
    if case == "asr-dot":  # to compile one is enough
        padded = decode(case, about=Sources(longer, 24, about.batch))
        np.testing.assert_array_equal(padded.tokens, decode(case).tokens)
        np.testing.assert_allclose(padded.scores, decode(case).scores, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("case", ATTENTIVE)
def test_the_weights_of_each_token_are_a_distribution_over_what_is_there(case):
    written = decode(case).tokens[:, 0]
    values = sources(case).values
    weights = family(case).attention_weights(make_model(case), values, written)
    length = {"caption-conv": 2 * 3}.get(case, 6 if case.startswith("caption") else 7)
    assert weights.shape == (7, LENGTH, length)
    assert weights.dtype == np.float32
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(axis=-1), 1, rtol=1e-4)
    if case.startswith("asr") and case != "asr-bare":
        heard = -(-sources(case).lengths // 2)
        assert np.abs(weights[np.arange(7) >= heard[:, None, None] * np.ones((1, LENGTH, 1))]).max() == 0
