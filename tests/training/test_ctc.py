"""The loss of connectionist temporal classification against the forward algorithm in NumPy."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from kzoo.layers import CtcLogProbabilities
from kzoo.training.ctc import ctc_losses, hybrid_losses
from kzoo.training.engines import engine

SYMBOLS, STATES = 7, np.array([9, 5, 4, 3, 9])
TEXTS = np.array([[3, 4, 4, 0], [6, 5, 0, 0], [5, 5, 5, 0], [4, 0, 0, 0], [0, 0, 0, 0]], np.int32)
"""A repeated symbol, another text, one with a path too few states for, a single symbol, and no symbol."""


def outputs(padding: int = 0) -> np.ndarray:
    """The log-probabilities in each state, with states of padding."""
    logits = np.random.default_rng(2).normal(0, 2, (len(TEXTS), max(STATES), SYMBOLS)).astype("float32")
    logits = np.pad(logits, [(0, 0), (0, padding), (0, 0)])
    mask = np.arange(logits.shape[1]) < STATES[:, None]
    return ops.convert_to_numpy(CtcLogProbabilities()(logits, mask))


def forward(text: np.ndarray, p: np.ndarray) -> float:
    """-log p(text) by the recursion of alpha over the text with blanks in between (Graves 2006, 6 to 8)."""
    extended = np.zeros(2 * len(text) + 1, int)
    extended[1::2] = text
    alpha = np.zeros(len(extended))
    alpha[:2] = p[0, extended[:2]]
    for now in p[1:]:
        new = np.zeros_like(alpha)
        for s, symbol in enumerate(extended):
            new[s] = alpha[max(s - 1, 0) : s + 1].sum()
            if s > 1 and symbol != 0 and symbol != extended[s - 2]:
                new[s] += alpha[s - 2]
            new[s] *= now[symbol]
        alpha = new
    return -np.log(alpha[-2:].sum())


def compiled_losses(texts: np.ndarray, log_q: np.ndarray) -> np.ndarray:
    run = engine().compile_function(ctc_losses, [])
    return ops.convert_to_numpy(run(texts, log_q))


def expected_losses(texts: np.ndarray, log_q: np.ndarray) -> list[float]:
    rows = zip(texts, np.exp(log_q.astype("float64")), STATES, strict=True)
    found = [forward(text[text != 0], p[:states]) for text, p, states in rows]
    return [0.0 if np.isinf(loss) else loss for loss in found]


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_the_loss_is_that_of_all_paths_and_padding_adds_none():
    log_q = outputs()
    expected = expected_losses(TEXTS, log_q)
    assert expected[2] == 0, "three equal symbols need five states"
    run = engine().compile_function(ctc_losses, [])
    np.testing.assert_allclose(ops.convert_to_numpy(run(TEXTS, log_q)), expected, rtol=1e-4)
    shorter = TEXTS[[3, 4, 0, 1, 2]]  # other lengths in the same shape
    np.testing.assert_allclose(
        ops.convert_to_numpy(run(shorter, log_q)), expected_losses(shorter, log_q), rtol=1e-4
    )
    np.testing.assert_allclose(ops.convert_to_numpy(run(TEXTS, outputs(padding=6))), expected, rtol=1e-4)


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize("share", [0.3, 1.0])
def test_a_step_of_training_follows_the_gradient_of_the_mean_over_tokens(share):
    """By the change of each logit after a step, against finite differences of the forward algorithm."""
    targets = np.array([[3, 4, 4, 2], [6, 5, 2, 0], [5, 5, 5, 2], [4, 2, 0, 0], [2, 0, 0, 0]], np.int32)
    rng = np.random.default_rng(6)
    logits = rng.normal(0, 2, (5, 9, SYMBOLS)).astype("float32")
    decoder = np.log(rng.dirichlet(np.ones(SYMBOLS), (5, 4))).astype("float32")
    mask = np.arange(9) < STATES[:, None]

    def mean_loss(logits: np.ndarray) -> float:
        log_q = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
        of_texts = np.sum(expected_losses(TEXTS, log_q))
        of_tokens = sum(-decoder[i, j, targets[i, j]] for i, j in np.argwhere(targets != 0))
        return (share * of_texts + (1 - share) * of_tokens) / (targets != 0).sum()

    weights = keras.Variable(logits)

    def loss(outputs):
        both = outputs if share == 1 else (outputs, ops.convert_to_tensor(decoder))
        losses, real = hybrid_losses(ops.convert_to_tensor(targets), both, share)
        return ops.sum(losses) / ops.sum(real)

    value, gradient = _differentiate(weights, lambda x: loss(CtcLogProbabilities()(x, mask)))
    assert value == pytest.approx(mean_loss(logits.astype("float64")), rel=1e-5)
    for place in [(0, 0, 3), (0, 8, 0), (1, 2, 5), (3, 1, 4), (4, 4, 0), (2, 1, 5), (1, 6, 0)]:
        change = np.zeros(logits.shape)
        change[place] = 1e-4
        expected = (mean_loss(logits + change) - mean_loss(logits - change)) / 2e-4
        assert gradient[place] == pytest.approx(expected, abs=1e-4), place


def _differentiate(variable, function):
    """Return the value of a function of a variable and its gradient, traced as a training step."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        from kzoo.training.engines.tensorflow_operations import fast_operations

        @tf.function
        def run():
            with fast_operations(), tf.GradientTape() as tape:
                value = function(variable.value)
            return value, tape.gradient(value, variable.value)

        value, gradient = run()
    elif keras.backend.backend() == "jax":
        import jax

        value, gradient = jax.value_and_grad(function)(variable.value)
    else:
        import torch

        value = function(variable.value)
        (gradient,) = torch.autograd.grad(value, [variable.value])
    return float(ops.convert_to_numpy(value)), ops.convert_to_numpy(gradient)
