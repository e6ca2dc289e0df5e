"""Generation of one sequence for each row, token by token."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from keras import ops

from kzoo.decoding.step import Limits, State, Step, without_padding
from kzoo.symbols import PAD
from kzoo.types import Tensor

Choice = Callable[[Tensor, Tensor], Tensor]
"""A function `choose(log_probabilities (rows, vocabulary), index) -> tokens (rows,)` for position `index`."""


class Sequences(NamedTuple):
    """Generated tokens `(rows, length)` in int32, with the end token and then `PAD`, and scores `(rows,)`."""

    tokens: Tensor
    scores: Tensor
    """The log-probability under the model, sum_t log p(y_t | y_<t), however the tokens were chosen."""


def generate(step: Step, state: State, rows: int, choose: Choice, limits: Limits) -> Sequences:
    """Choose one token after another until every row has its end token or the maximum length.

    Cost: one step for each position of the longest sequence, in constant memory besides the tokens.
    """

    def unfinished(index: Tensor, last: Tensor, closed: Tensor, *_: Tensor) -> Tensor:
        return ops.logical_and(index < limits.length, ops.logical_not(ops.all(closed)))

    def advance(
        index: Tensor, last: Tensor, closed: Tensor, tokens: Tensor, scores: Tensor, state: State
    ) -> tuple[Tensor, ...]:
        log_probabilities, state = step(last, state)
        chosen = ops.where(closed, PAD, choose(without_padding(log_probabilities), index))
        is_chosen = ops.arange(log_probabilities.shape[-1]) == ops.expand_dims(chosen, -1)
        gained = ops.sum(ops.where(is_chosen, log_probabilities, 0.0), axis=-1)
        scores = scores + ops.where(closed, 0.0, gained)
        tokens = ops.slice_update(tokens, (0, index), ops.expand_dims(chosen, -1))
        return index + 1, chosen, ops.logical_or(closed, chosen == limits.end), tokens, scores, state

    begun = (
        ops.zeros((), "int32"),
        ops.full((rows,), limits.start, "int32"),
        ops.zeros((rows,), "bool"),
        ops.full((rows, limits.length), PAD, "int32"),
        ops.zeros((rows,)),
        state,
    )
    _, _, _, tokens, scores, _ = ops.while_loop(unfinished, advance, begun)
    return Sequences(tokens, scores)
