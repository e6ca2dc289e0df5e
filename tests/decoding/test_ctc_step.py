"""The decoding step of connectionist temporal classification against the enumeration of all paths."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from keras import ops

from kzoo.decoding import Limits, beam_search
from kzoo.decoding.ctc import begin_ctc
from kzoo.symbols import EOS, IMPOSSIBLE, SOS
from kzoo.training.engines import engine

STATES, SYMBOLS, CHARACTERS = 4, 6, (3, 4, 5)


@pytest.fixture(scope="module")
def q() -> np.ndarray:
    """The probabilities in each state of two clips, 0 for the start and the end token."""
    q = np.random.default_rng(4).dirichlet(np.ones(SYMBOLS), (2, STATES))
    q[..., [SOS, EOS]] = 0
    return q / q.sum(axis=-1, keepdims=True)


def text_probabilities(q: np.ndarray) -> dict[tuple[int, ...], float]:
    """The probability of each text: the sum over the paths that become it."""
    found: dict[tuple[int, ...], float] = {}
    for path in itertools.product((0, *CHARACTERS), repeat=STATES):
        text = tuple(symbol for symbol, _ in itertools.groupby(path) if symbol)
        found[text] = found.get(text, 0.0) + float(np.prod(q[range(STATES), path]))
    return found


def log_of(q: np.ndarray, padding: int = 0) -> np.ndarray:
    """The log-probabilities, and states of padding in which the blank is certain."""
    padded = np.zeros((len(q), STATES + padding, SYMBOLS))
    padded[:, :STATES], padded[:, STATES:, 0] = q, 1
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(padded), IMPOSSIBLE).astype("float32")


@pytest.mark.parametrize("padding", [0, 3])
def test_the_steps_of_a_text_multiply_to_its_probability(q, padding):
    """On two beams of each of two clips, for every text that is likely enough."""
    step, first = begin_ctc(ops.convert_to_tensor(log_of(q, padding)), beams=2)
    known = [text_probabilities(each) for each in q]
    likely = sorted(known[0], key=lambda text: -known[0][text])[:16]
    for pair in zip(likely[::2], likely[1::2], strict=True):
        rows = [*pair, *pair]
        state = [ops.repeat(each, 2, axis=0) for each in first]
        length = max(map(len, pair)) + 1
        ids = np.zeros((4, length + 1), np.int32)
        for row, text in zip(ids, rows, strict=True):
            row[: len(text) + 2] = [SOS, *text, EOS]
        total = np.zeros(4)
        for t in range(length):
            log_p, state = step(ops.convert_to_tensor(ids[:, t]), state)
            log_p = ops.convert_to_numpy(log_p)
            np.testing.assert_allclose(np.exp(log_p[ids[:, t + 1] != 0]).sum(axis=-1), 1, rtol=1e-5)
            total += np.where(ids[:, t + 1] == 0, 0.0, log_p[range(4), ids[:, t + 1]])
        expected = [known[row // 2][text] for row, text in enumerate(rows)]
        np.testing.assert_allclose(np.exp(total), expected, rtol=1e-4)


def test_a_beam_finds_the_most_likely_text(q):
    limits = Limits(SOS, EOS, STATES + 1)

    def search(log_q):
        return beam_search(*begin_ctc(log_q, beams=40), len(q), 40, limits, 0.0)

    tokens, scores = engine().compile_function(search, [])(log_of(q))
    for row, each in enumerate(q):
        known = text_probabilities(each)
        best = max(known, key=known.__getitem__)
        found = ops.convert_to_numpy(tokens)[row, 0]
        assert tuple(found[: len(best) + 1]) == (*best, EOS)
        assert ops.convert_to_numpy(scores)[row, 0] == pytest.approx(np.log(known[best]), rel=1e-4)
