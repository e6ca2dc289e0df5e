"""The decoding step of connectionist temporal classification (CTC).

CTC gives a text the probability p(y | x), the sum over the paths that become y. The step turns it into the
probability of each next token, so that CTC is decoded like every other model: with q_t the probabilities of
the symbols in state t = 1..T, g a prefix of a text, and n_t(g), b_t(g) the probabilities of the paths of the
first t states that become g and end in its last symbol or in a blank,

    n_t(gc) = q_t[c] (n_{t-1}(gc) + f_{t-1}),    f_t = b_t(g) + n_t(g) unless c is the last symbol of g
    b_t(gc) = q_t[blank] (b_{t-1}(gc) + n_{t-1}(gc))
    p(gc...) = sum_t q_t[c] f_{t-1},    p(g) = n_T(g) + b_T(g)

    p(next = c) = p(gc...) / p(g...),    p(next = end) = p(g) / p(g...),    p(g...) = p(g) + sum_c p(gc...)

Source: Graves 2008, "Supervised sequence labelling with recurrent neural networks", 7.5, in the form of
Watanabe et al. 2017, "Hybrid CTC/attention architecture for end-to-end speech recognition", algorithm 2.
"""

from __future__ import annotations

from keras import ops

from kzoo.decoding.step import State, Step
from kzoo.symbols import BLANK, EOS, IMPOSSIBLE, SOS
from kzoo.types import Tensor

_DOUBLINGS = 16
"""The doublings of a span of states until it has more states than a clip of 20 minutes."""


def begin_ctc(log_q: Tensor, beams: int = 1) -> tuple[Step, State]:
    """Return the decoding step of CTC and its first state; see `kzoo.decoding.adapter`.

    The state of a prefix g is log n_t(g) and log b_t(g) for t = 0..T, and the last symbol of g.

    Args:
        log_q: the log-probabilities of the symbols in each state, `(sources, T, symbols)`, from
            `kzoo.layers.CtcLogProbabilities`. Those of the start and the end token are not used.
        beams: the number of rows of each source.
    """
    sources, by_symbol = ops.shape(log_q)[0], ops.transpose(log_q, (0, 2, 1))

    def step(tokens: Tensor, state: State) -> tuple[Tensor, State]:
        rows = (ops.reshape(x, (sources, beams, *ops.shape(x)[1:])) for x in (tokens, *state))
        new, log_n, log_b, last = rows
        is_first = ops.expand_dims(new == SOS, -1)
        extended = _extend(log_n, log_b, last, new, by_symbol)
        log_n, log_b = (ops.where(is_first, old, x) for old, x in zip((log_n, log_b), extended, strict=True))
        results = _next(log_n, log_b, new, log_q), log_n, log_b
        log_p, log_n, log_b = (ops.reshape(x, (sources * beams, *ops.shape(x)[2:])) for x in results)
        return log_p, (log_n, log_b, tokens)

    log_b = ops.concatenate([ops.zeros((sources, 1)), ops.cumsum(log_q[..., BLANK], axis=1)], axis=1)
    return step, (ops.full_like(log_b, IMPOSSIBLE), log_b, ops.full((sources,), SOS, "int32"))


def _next(log_n: Tensor, log_b: Tensor, last: Tensor, log_q: Tensor) -> Tensor:
    """Return the log-probabilities of the next tokens, `(sources, beams, symbols)`.

    The paths of a prefix g are those of `_extend`; `last` is the last symbol of g, `(sources, beams)`.
    """
    token_ids = ops.arange(log_q.shape[-1], dtype="int32")
    is_last = ops.expand_dims(ops.expand_dims(last, -1) == token_ids, 2)
    both = ops.expand_dims(ops.logaddexp(log_n, log_b), -1)
    before = ops.where(is_last, ops.expand_dims(log_b, -1), both)[:, :, :-1]
    going_on = ops.logsumexp(before + ops.expand_dims(log_q, 1), axis=2)
    scores = ops.where(token_ids == EOS, both[:, :, -1], going_on)
    never = ops.logical_or(token_ids == BLANK, token_ids == SOS)
    return ops.log_softmax(ops.where(never, IMPOSSIBLE, scores))


def _extend(
    log_n: Tensor, log_b: Tensor, last: Tensor, new: Tensor, by_symbol: Tensor
) -> tuple[Tensor, Tensor]:
    """Return log n_t(gc) and log b_t(gc) for t = 0..T from those of g, `(sources, beams, T + 1)`.

    `last` is the last symbol of g and `new` is c, `(sources, beams)`.
    """
    repeats = ops.expand_dims(new == last, -1)
    before = ops.where(repeats, log_b, ops.logaddexp(log_n, log_b))[..., :-1]
    places = ops.expand_dims(new, -1) + ops.zeros_like(before, dtype="int32")
    of_new, of_blank = ops.take_along_axis(by_symbol, places, axis=1), by_symbol[:, BLANK][:, None]
    zero = ops.full_like(log_n[..., :1], IMPOSSIBLE)
    log_n = ops.concatenate([zero, _recurrence(of_new, before + of_new)], axis=-1)
    of_blank = of_blank + ops.zeros_like(of_new)
    return log_n, ops.concatenate([zero, _recurrence(of_blank, log_n[..., :-1] + of_blank)], axis=-1)


def _recurrence(log_a: Tensor, log_b: Tensor) -> Tensor:
    """Return log x_t with x_t = a_t x_{t-1} + b_t and x_0 = 0, on the last axis, in about log_2 T steps.

    Spans of states of twice the length are combined (Hillis and Steele 1986): x <- A x + B after x <- A' x +
    B' is x <- A A' x + (A B' + B).
    """
    length = log_a.shape[-1]
    for doubling in range(_DOUBLINGS if length is None else max(length - 1, 0).bit_length()):
        span = 2**doubling
        earlier_a, earlier_b = _shift(log_a, span, 0.0), _shift(log_b, span, IMPOSSIBLE)
        log_a, log_b = log_a + earlier_a, ops.logaddexp(log_a + earlier_b, log_b)
    return log_b


def _shift(x: Tensor, places: int, fill: float) -> Tensor:
    """Move the last axis to the right by some places, filled on the left."""
    filling = ops.full((*ops.shape(x)[:-1], places), fill, x.dtype)
    return ops.concatenate([filling, x], axis=-1)[..., : ops.shape(x)[-1]]
