"""Decodings of a toy model against the enumeration of all its sequences."""

from __future__ import annotations

import itertools

import keras
import numpy as np
import pytest
from keras import ops

from kzoo.decoding import Limits, beam_search, ensemble, generate, most_likely, sample
from kzoo.training.engines import engine

VOCABULARY, LENGTH = 5, 4
START, END = 1, 2
LIMITS = Limits(START, END, LENGTH)
ROWS = 3


def toy_tables(seed: int) -> np.ndarray:
    """log p `(rows, before last, last, next)`: every row a Markov chain of order 2 with its own numbers."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.full(VOCABULARY, 0.7), (ROWS, VOCABULARY, VOCABULARY))
    p[..., 0] = 1e-12  # PAD is nothing a model says
    return np.log(p / p.sum(axis=-1, keepdims=True)).astype("float32")


def toy(seed: int, rows=range(ROWS)):
    """`(step, state)`; the state is the tables of the rows and the token before the last."""
    tables = toy_tables(seed)[list(rows)]

    def step(tokens, state):
        tables, before = state
        picked = ops.take_along_axis(tables, before[:, None, None, None], axis=1)[:, 0]
        return ops.take_along_axis(picked, tokens[:, None, None], axis=1)[:, 0], (tables, tokens)

    return step, (ops.convert_to_tensor(tables), ops.full((len(tables),), START, "int32"))


def log_probability(table: np.ndarray, sequence: tuple[int, ...]) -> float:
    before, last, total = START, START, 0.0
    for token in sequence:
        total += float(table[before, last, token])
        before, last = last, token
    return total


def all_sequences() -> list[tuple[int, ...]]:
    """All that end with END, and all of the full length that do not."""
    tokens = [token for token in range(1, VOCABULARY) if token != END]
    closed = [(*body, END) for n in range(LENGTH) for body in itertools.product(tokens, repeat=n)]
    return closed + list(itertools.product(tokens, repeat=LENGTH))


def trim(row: np.ndarray) -> tuple[int, ...]:
    return tuple(int(token) for token in row if token != 0)


def run(function):
    """A decoding as NumPy arrays."""
    return [ops.convert_to_numpy(x) for x in function()]


def penalised(total: float, length: int, alpha: float) -> float:
    return total / ((5 + length) / 6) ** alpha


@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.5])
def test_a_beam_of_full_width_is_the_enumeration(alpha):
    sequences = all_sequences()
    step, state = toy(1)
    tokens, scores = run(lambda: beam_search(step, state, ROWS, 2 * len(sequences), LIMITS, alpha))
    for row, table in enumerate(toy_tables(1)):
        ranked = sorted(
            ((penalised(log_probability(table, s), len(s), alpha), s) for s in sequences), reverse=True
        )
        possible = scores[row] > -1e29
        found = {
            trim(s): score for s, score in zip(tokens[row][possible], scores[row][possible], strict=True)
        }
        for score, sequence in ranked:
            assert found[sequence] == pytest.approx(score, abs=1e-4)
        assert trim(tokens[row, 0]) == ranked[0][1]
        np.testing.assert_array_less(-1e-4, -np.diff(scores[row]))


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_a_beam_of_one_is_greedy(alpha):
    step, state = toy(2)
    greedy, greedy_scores = run(lambda: generate(step, state, ROWS, most_likely, LIMITS))
    tokens, scores = run(lambda: beam_search(step, state, ROWS, 1, LIMITS, alpha))
    np.testing.assert_array_equal(tokens[:, 0], greedy)
    lengths = (greedy != 0).sum(axis=1)
    np.testing.assert_allclose(
        scores[:, 0], [penalised(s, n, alpha) for s, n in zip(greedy_scores, lengths, strict=True)], rtol=1e-5
    )


def test_greedy_takes_the_most_likely_token_each_time():
    step, state = toy(3)
    tokens, scores = run(lambda: generate(step, state, ROWS, most_likely, LIMITS))
    for row, table in enumerate(toy_tables(3)):
        sequence, before, last = [], START, START
        while len(sequence) < LENGTH and last != END:
            before, last = last, int(table[before, last].argmax())
            sequence.append(last)
        assert trim(tokens[row]) == tuple(sequence)
        assert scores[row] == pytest.approx(log_probability(table, tuple(sequence)), abs=1e-5)


def test_a_wider_beam_finds_nothing_worse():
    step, state = toy(4)
    best = [run(lambda w=width: beam_search(step, state, ROWS, w, LIMITS))[1][:, 0] for width in (1, 50)]
    assert (best[1] >= best[0] - 1e-6).all()


def decodings():
    uniforms = np.random.default_rng(9).uniform(size=(ROWS, LENGTH)).astype("float32")
    return {
        "greedy": lambda step, state, rows: generate(step, state, len(rows), most_likely, LIMITS),
        "sample": lambda step, state, rows: generate(
            step, state, len(rows), sample(ops.convert_to_tensor(uniforms[list(rows)]), top_p=0.9), LIMITS
        ),
        "beam": lambda step, state, rows: beam_search(step, state, len(rows), 3, LIMITS, 0.6),
    }


@pytest.mark.parametrize("name", ["greedy", "sample", "beam"])
def test_alone_as_in_a_batch(name):
    decode = decodings()[name]
    together = run(lambda: decode(*toy(5), range(ROWS)))
    for row in range(ROWS):
        alone = run(lambda row=row: decode(*toy(5, [row]), [row]))
        np.testing.assert_array_equal(alone[0][0], together[0][row])
        np.testing.assert_allclose(alone[1][0], together[1][row], rtol=1e-5)


@pytest.mark.parametrize("name", ["greedy", "sample", "beam"])
def test_compiled_as_eager(name):
    decode = decodings()[name]
    step, state = toy(5)
    compiled = engine().compile_function(lambda state: decode(step, state, range(ROWS)), [])
    for ours, theirs in zip(
        run(lambda: compiled(state)), run(lambda: decode(step, state, range(ROWS))), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)


@pytest.mark.parametrize("name", ["greedy", "sample", "beam"])
def test_an_end_at_the_first_step(name):
    def step(tokens, state):
        row = np.full(VOCABULARY, -50.0, "float32")
        row[END] = 0
        return ops.broadcast_to(ops.convert_to_tensor(row), (tokens.shape[0], VOCABULARY)), state

    tokens, scores = run(lambda: decodings()[name](step, ops.zeros((ROWS, 1)), range(ROWS)))
    first = tokens.reshape(ROWS, -1, LENGTH)[:, 0]
    np.testing.assert_array_equal(first, [[END] + [0] * (LENGTH - 1)] * ROWS)
    np.testing.assert_allclose(scores.reshape(ROWS, -1)[:, 0], 0, atol=1e-6)


@pytest.mark.parametrize("name", ["greedy", "sample", "beam"])
def test_no_end_stops_at_the_greatest_length(name):
    def step(tokens, state):
        row = np.log(np.array([1e-30, 0.1, 1e-30, 0.6, 0.3], "float32"))
        return ops.broadcast_to(ops.convert_to_tensor(row), (tokens.shape[0], VOCABULARY)), state

    tokens, _ = run(lambda: decodings()[name](step, ops.zeros((ROWS, 1)), range(ROWS)))
    assert (tokens.reshape(ROWS, -1, LENGTH)[:, 0] != 0).all()


def test_a_vanishing_nucleus_is_greedy():
    uniforms = np.random.default_rng(1).uniform(size=(ROWS, LENGTH)).astype("float32")
    step, state = toy(6)
    greedy = run(lambda: generate(step, state, ROWS, most_likely, LIMITS))
    nothing = ({"top_p": 1e-44}, {"temperature": 1e-39}, {"temperature": 1e-320})  # in float32, or nearly
    for options in ({"top_p": 1e-6}, {"top_k": 1}, {"temperature": 1e-3}, *nothing):
        drawn = run(lambda o=options: generate(step, state, ROWS, sample(uniforms, **o), LIMITS))
        np.testing.assert_array_equal(drawn[0], greedy[0])


def draw(probabilities: np.ndarray, count: int, **options) -> np.ndarray:
    """How often each token was drawn."""
    uniforms = np.random.default_rng(2).uniform(size=(count, 1)).astype("float32")
    log_p = np.broadcast_to(np.log(probabilities), (count, len(probabilities))).astype("float32")
    chosen = sample(ops.convert_to_tensor(uniforms), **options)(ops.convert_to_tensor(log_p), 0)
    return np.bincount(ops.convert_to_numpy(chosen), minlength=len(probabilities))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [0.05, 0.4, 0.1, 0.15, 0.3]),
        ({"top_p": 0.7}, [0, 4 / 7, 0, 0, 3 / 7]),
        ({"top_p": 0.71}, [0, 8 / 17, 0, 3 / 17, 6 / 17]),
        ({"top_k": 3}, [0, 8 / 17, 0, 3 / 17, 6 / 17]),
        ({"top_k": 3, "top_p": 0.3}, [0, 1, 0, 0, 0]),
        ({"temperature": 0.5}, np.square([0.05, 0.4, 0.1, 0.15, 0.3]) / 0.285),
    ],
)
def test_draws_have_the_distribution(options, expected):
    """Chi-square of 20,000 draws; 18.5 is passed once in a thousand with 4 degrees of freedom."""
    expected = 20_000 * np.asarray(expected)
    counts = draw(np.array([0.05, 0.4, 0.1, 0.15, 0.3]), 20_000, **options)
    assert (counts[expected == 0] == 0).all()
    possible = expected > 0
    assert (np.square(counts - expected)[possible] / expected[possible]).sum() < 18.5


@pytest.mark.parametrize(
    "options", [{"top_p": 0}, {"top_p": 1.1}, {"top_k": 0}, {"temperature": 0}, {"temperature": -1}]
)
def test_options_out_of_range_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        sample(np.zeros((1, 1), "float32"), **options)
    with pytest.raises(ValueError, match="width"):
        beam_search(*toy(1), ROWS, 0, LIMITS)


def test_an_ensemble_is_the_mean_of_the_probabilities():
    (first, one), (second, two) = toy(7), toy(8)
    both, states = ensemble([(first, one), (second, two)])
    log_p, _ = both(ops.full((ROWS,), 3, "int32"), states)
    expected = (np.exp(toy_tables(7)[:, START, 3]) + np.exp(toy_tables(8)[:, START, 3])) / 2
    np.testing.assert_allclose(np.exp(ops.convert_to_numpy(log_p)), expected, atol=1e-6)
    twice = run(lambda: generate(*ensemble([(first, one)] * 2), ROWS, most_likely, LIMITS))
    alone = run(lambda: generate(first, one, ROWS, most_likely, LIMITS))
    np.testing.assert_array_equal(twice[0], alone[0])
    beams = run(lambda: beam_search(both, states, ROWS, 200, LIMITS))
    assert keras.ops.shape(beams[0]) == (ROWS, 200, LENGTH)
