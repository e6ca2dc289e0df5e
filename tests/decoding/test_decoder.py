"""Decoding with the models of the zoo, against the training graph with the true tokens before each."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from kzoo import create_model
from kzoo.decoding import Limits
from kzoo.decoding.decoder import compile_decoding
from kzoo.decoding.options import Decoding
from kzoo.errors import UsageError
from kzoo.models import seq2seq
from kzoo.symbols import EOS, SOS
from kzoo.training.sources import Sources

SOURCE, TARGET, LENGTH, BATCH = 11, 7, 12, 5
GREEDY, BEAM = Decoding(), Decoding("beam", beam=3, length_penalty=0.6)
NUCLEUS = Decoding("nucleus", samples=2, temperature=2.0, top_p=0.9)
DECODINGS = pytest.mark.parametrize("decoding", [GREEDY, BEAM, NUCLEUS], ids=lambda found: found.method)


@cache
def make_model(seed, name="nmt-bilinear"):
    """A small network that says much of different lengths: its weights are large, the last bias 0."""
    model = create_model(name, seed=seed, source_vocabulary=SOURCE, target_vocabulary=TARGET, units=8)
    rng = np.random.default_rng(seed)
    *weights, bias = (rng.normal(0, 1.8, weight.shape) for weight in model.get_weights())
    model.set_weights([*weights, np.zeros_like(bias)])
    return model


@cache
def decoded_by(decoding, *seeds):
    """`decode(source_ids, batch=BATCH)`, compiled once for all tests."""
    return decoder([make_model(seed) for seed in seeds], decoding)


def decoder(models, decoding, batches=1):
    """The same of any models, up to 12 tokens."""
    decode = compile_decoding(models, seq2seq, decoding, Limits(SOS, EOS, LENGTH), batches)
    return lambda source_ids, batch=BATCH: decode(Sources(source_ids, batch=batch))


def make_sources(lengths):
    """Sources of these lengths, padded."""
    lengths = np.array(lengths)[:, None]
    ids = np.random.default_rng(3).integers(1, SOURCE, (len(lengths), lengths.max()), dtype=np.int32)
    return np.where(np.arange(lengths.max()) < lengths, ids, 0).astype(np.int32)


SOURCES = make_sources([3, 8, 1, 6, 4, 8, 2, 5, 4, 7])
"""Two batches of different widths."""
SHORT = make_sources([4, 2, 1, 3, 4])
"""One batch."""


def assert_same(ours, theirs):
    np.testing.assert_array_equal(ours.tokens, theirs.tokens)
    np.testing.assert_allclose(ours.scores, theirs.scores, rtol=1e-4, atol=1e-5)


def forced(source_ids, written, *models):
    """The log of the mean probability of every token at each position, `(count, length, vocabulary)`."""
    before = np.concatenate([np.full((len(written), 1), SOS, np.int32), written[:, :-1]], axis=1)
    inputs = {"source_ids": source_ids, "target_ids": before}
    outputs = [np.asarray(model.predict_on_batch(inputs)) for model in models]
    return np.log(np.mean(np.exp(outputs), axis=0))


def recompute(source_ids, written, *models):
    """sum_t log p of the tokens up to the end."""
    log_p = np.take_along_axis(forced(source_ids, written, *models), written[..., None], axis=-1)[..., 0]
    return (log_p * (written != 0)).sum(axis=1)


def assert_greedy(found, source_ids, *models):
    """Each token is the likeliest of all but padding, and the score is the sum of their log p."""
    written = found.tokens[:, 0]
    log_p = forced(source_ids, written, *models)
    likeliest = 1 + log_p[..., 1:].argmax(axis=-1)
    np.testing.assert_array_equal(np.where(written != 0, likeliest, 0), written)
    np.testing.assert_allclose(
        found.scores[:, 0], recompute(source_ids, written, *models), rtol=1e-4, atol=1e-5
    )


@DECODINGS
def test_the_expected_number_of_batches_changes_nothing(decoding):
    """Many batches are worth a slower compilation."""
    often = decoder([make_model(1)], decoding, batches=1000)
    assert_same(often(SOURCES), decoded_by(decoding, 1)(SOURCES))


@DECODINGS
def test_a_source_alone_as_in_a_batch(decoding):
    decode = decoded_by(decoding, 1)
    together = decode(SOURCES)
    assert len(np.unique((together.tokens != 0).sum(axis=-1))) > 3  # they end at different lengths
    for row in (1, 2, 6, 9):
        alone = decode(SOURCES[row : row + 1])
        np.testing.assert_array_equal(alone.tokens[0], together.tokens[row])
        np.testing.assert_allclose(alone.scores[0], together.scores[row], rtol=1e-4, atol=1e-5)


@DECODINGS
def test_neither_order_nor_padding_counts(decoding):
    decode = decoded_by(decoding, 1)
    together = decode(SOURCES)
    assert_same(decode(np.pad(SOURCES, [(0, 0), (0, 7)])), together)
    order = np.random.default_rng(4).permutation(len(SOURCES))
    back = np.argsort(order)
    shuffled = decode(SOURCES[order])
    np.testing.assert_array_equal(shuffled.tokens[back], together.tokens)
    np.testing.assert_allclose(shuffled.scores[back], together.scores, rtol=1e-4, atol=1e-5)


@DECODINGS
def test_the_size_of_a_batch_does_not_count(decoding):
    decode = decoded_by(decoding, 1)
    assert_same(decode(SOURCES, batch=16), decode(SOURCES))


@pytest.mark.parametrize("name", ["nmt", "nmt-bilinear", "p2g-bahdanau"])
def test_greedy_writes_the_likeliest_token_of_the_training_graph(name):
    model = make_model(1, name)
    found = decoder([model], GREEDY)(SHORT)
    assert len(np.unique(found.tokens, axis=0)) > 1
    assert_greedy(found, SHORT, model)


def test_the_score_of_a_beam_is_that_of_the_training_graph():
    for decoding in (BEAM, Decoding("beam", beam=20)):
        found = decoded_by(decoding, 1)(SHORT)
        assert found.tokens.shape == (len(SHORT), decoding.beam, LENGTH)
        for beam in range(3):
            written = found.tokens[:, beam]
            penalties = ((5 + (written != 0).sum(axis=1)) / 6) ** decoding.length_penalty
            expected = recompute(SHORT, written, make_model(1)) / penalties
            np.testing.assert_allclose(found.scores[:, beam], expected, rtol=1e-4, atol=1e-5)
        assert (np.diff(found.scores, axis=1) <= 0).all()
        assert all(len(np.unique(beams, axis=0)) == decoding.beam for beams in found.tokens)


def test_a_beam_of_one_is_greedy_and_a_wider_one_no_worse():
    greedy = decoded_by(GREEDY, 1)(SHORT)
    assert_same(decoded_by(Decoding("beam", beam=1), 1)(SHORT), greedy)
    wide = decoded_by(Decoding("beam", beam=20), 1)(SHORT)
    assert (wide.scores[:, 0] >= greedy.scores[:, 0] - 1e-4).all()
    assert (wide.scores[:, 0] > greedy.scores[:, 0] + 1e-2).any()


def test_a_sample_depends_on_its_seed_and_pass():
    decode = decoded_by(NUCLEUS, 1)
    found = decode(SOURCES)
    assert_same(decode(SOURCES), found)
    first, second = found.tokens[:, 0], found.tokens[:, 1]
    assert (first != second).any()
    np.testing.assert_array_equal(decoded_by(replace(NUCLEUS, samples=1), 1)(SOURCES).tokens[:, 0], first)
    assert (decoded_by(replace(NUCLEUS, seed=43), 1)(SHORT).tokens != decode(SHORT).tokens).any()


def test_the_score_of_a_sample_is_its_probability_under_the_model():
    found = decoded_by(NUCLEUS, 1)(SHORT)
    for index in range(2):
        expected = recompute(SHORT, found.tokens[:, index], make_model(1))
        np.testing.assert_allclose(found.scores[:, index], expected, rtol=1e-4, atol=1e-5)


def test_one_of_the_top_1_is_greedy_and_more_than_all_are_all():
    one, everything, more = (
        decoded_by(Decoding("nucleus", top_k=k, top_p=1.0), 1)(SHORT) for k in (1, TARGET, TARGET + 90)
    )
    assert_same(one, decoded_by(GREEDY, 1)(SHORT))
    assert_same(more, everything)
    assert (one.tokens != everything.tokens).any()


@pytest.mark.parametrize("decoding", [GREEDY, BEAM], ids=lambda found: found.method)
def test_a_model_with_itself_is_the_model(decoding):
    assert_same(decoded_by(decoding, 1, 1)(SHORT), decoded_by(decoding, 1)(SHORT))


def test_two_models_have_the_mean_of_their_probabilities():
    found = decoded_by(GREEDY, 1, 20)(SHORT)
    assert_greedy(found, SHORT, make_model(1), make_model(20))
    for seed in (1, 20):
        assert (decoded_by(GREEDY, seed)(SHORT).tokens != found.tokens).any()


@DECODINGS
def test_what_never_ends_stops_at_the_limit(decoding):
    model = make_model.__wrapped__(1)
    *others, bias = model.get_weights()
    bias[EOS] = -1e9
    model.set_weights([*others, bias])
    tokens = decoder([model], decoding)(SHORT).tokens
    assert tokens.shape[-1] == LENGTH
    assert (tokens != 0).all()
    assert (tokens != EOS).all()


@DECODINGS
def test_every_sequence_is_closed_by_one_end_then_padding(decoding):
    for row in decoded_by(decoding, 1)(SOURCES).tokens.reshape(-1, LENGTH):
        length = np.count_nonzero(row)
        assert (row[length:] == 0).all()
        assert (row[: length - 1] != EOS).all()
        assert length == LENGTH or row[length - 1] == EOS


@pytest.mark.parametrize(
    "options",
    [
        {"beam": 0},
        {"samples": 0},
        {"top_p": 0.0},
        {"top_p": 1.5},
        {"temperature": 0.0},
        {"temperature": float("nan")},
        {"length_penalty": float("nan")},
    ],
)
def test_options_out_of_range_are_refused(options):
    with pytest.raises(UsageError, match=next(iter(options)).split("_")[0]):
        Decoding(**options)


@pytest.mark.parametrize(
    ("decoding", "told"),
    [
        (Decoding(), {}),
        (Decoding("beam", beam=7), {"beam": 7, "length_penalty": 0.0}),
        (Decoding("nucleus"), {"top_p": 0.8, "temperature": 1.0, "samples": 1, "seed": 42}),
        (
            Decoding("nucleus", top_k=3),
            {"top_p": 0.8, "top_k": 3, "temperature": 1.0, "samples": 1, "seed": 42},
        ),
    ],
)
def test_what_is_told_of_a_decoding_is_what_bears_on_it(decoding, told):
    assert decoding.to_json() == {"method": decoding.method, **told}


@pytest.mark.parametrize("name", ["nmt", "nmt-bilinear", "p2g-bahdanau"])
def test_half_precision_writes_too(name, precision):
    """What is written has about the scores that the training graph of the same weights gives it."""
    precision("mixed_bfloat16")
    model = create_model(name, seed=5, source_vocabulary=SOURCE, target_vocabulary=TARGET, units=8)
    assert np.isfinite(decoder([model], BEAM)(SHORT).scores).all()
    found = decoder([model], GREEDY)(SHORT)
    written = found.tokens[:, 0]
    np.testing.assert_allclose(found.scores[:, 0], recompute(SHORT, written, model), rtol=0.05, atol=0.3)
