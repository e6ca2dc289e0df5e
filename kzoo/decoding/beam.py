"""Beam search."""

from __future__ import annotations

from typing import NamedTuple

import keras
from keras import ops

from kzoo.decoding.step import Limits, State, Step, without_padding
from kzoo.symbols import IMPOSSIBLE, PAD
from kzoo.types import Tensor


class Beams(NamedTuple):
    """The best sequences of each row, best first.

    `tokens` are `(rows, width, length)` in int32, each sequence with its end token and then `PAD`. `scores`
    `(rows, width)` are the log-probabilities divided by the length penalty. If there are fewer sequences than
    `width`, the remaining rows score below -1e29.
    """

    tokens: Tensor
    scores: Tensor


def beam_search(
    step: Step, state: State, rows: int, width: int, limits: Limits, length_penalty: float = 0.0
) -> Beams:
    """Find the `width` best sequences by beam search (Wu et al., 2016, arXiv 1609.08144, eq. 14).

        score(y) = sum_t log p(y_t | y_<t) / ((5 + |y|) / 6)^length_penalty

    At every position the continuations of all beams compete with the finished sequences, which neither grow
    nor change their score. A width of 1 is greedy decoding; a width of the number of all sequences is
    exhaustive search.

    Cost: one step of `rows * width` rows for each position.

    Raises:
        ValueError: `width` is below 1.
    """
    if width < 1:
        raise ValueError(f"the width of a beam must be positive, not {width}")

    def unfinished(index: Tensor, last: Tensor, closed: Tensor, *_: Tensor) -> Tensor:
        return ops.logical_and(index < limits.length, ops.logical_not(ops.all(closed)))

    def advance(
        index: Tensor,
        last: Tensor,
        closed: Tensor,
        lengths: Tensor,
        totals: Tensor,
        tokens: Tensor,
        state: State,
    ) -> tuple[Tensor, ...]:
        log_probabilities, state = step(ops.reshape(last, (-1,)), state)
        vocabulary = log_probabilities.shape[-1]
        frozen = ops.where(ops.arange(vocabulary) == PAD, 0.0, IMPOSSIBLE)
        open_gains = ops.reshape(without_padding(log_probabilities), (rows, width, vocabulary))
        gains = ops.where(closed[..., None], frozen, open_gains)
        grown = lengths + ops.cast(ops.logical_not(closed), "int32")
        candidates = ops.reshape(totals[..., None] + gains, (rows, width * vocabulary))
        penalties = ops.repeat(_penalty(grown, length_penalty), vocabulary, axis=-1)
        _, best = ops.top_k(candidates / penalties, width)
        best = ops.cast(best, "int32")
        parent, chosen = best // vocabulary, best % vocabulary
        totals = ops.take_along_axis(candidates, best, axis=-1)
        lengths = ops.take_along_axis(grown, parent, axis=-1)
        closed = ops.logical_or(ops.take_along_axis(closed, parent, axis=-1), chosen == limits.end)
        tokens = ops.take_along_axis(tokens, parent[..., None], axis=1)
        tokens = ops.slice_update(tokens, (0, 0, index), chosen[..., None])
        source = ops.reshape(parent + width * ops.arange(rows, dtype="int32")[:, None], (-1,))
        state = keras.tree.map_structure(lambda x: ops.take(x, source, axis=0), state)
        return index + 1, chosen, closed, lengths, totals, tokens, state

    begun = (
        ops.zeros((), "int32"),
        ops.full((rows, width), limits.start, "int32"),
        ops.zeros((rows, width), "bool"),
        ops.zeros((rows, width), "int32"),
        # All beams of a row start out equal, so only the first may compete at the first position.
        ops.where(ops.arange(width) == 0, 0.0, IMPOSSIBLE) + ops.zeros((rows, 1)),
        ops.full((rows, width, limits.length), PAD, "int32"),
        keras.tree.map_structure(lambda x: ops.repeat(x, width, axis=0), state),
    )
    _, _, _, lengths, totals, tokens, _ = ops.while_loop(unfinished, advance, begun)
    return Beams(tokens, totals / _penalty(lengths, length_penalty))


def _penalty(lengths: Tensor, length_penalty: float) -> Tensor:
    """((5 + |y|) / 6)^length_penalty"""
    return ((5.0 + ops.cast(lengths, "float32")) / 6.0) ** length_penalty
