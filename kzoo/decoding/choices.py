"""How the next token is chosen from its distribution."""

from __future__ import annotations

import numpy as np
from keras import ops

from kzoo.decoding.generation import Choice
from kzoo.types import Tensor

SMALLEST = float(np.finfo(np.float32).tiny)
"""The smallest normal number of float32: a temperature below it would be zero."""


def most_likely(log_probabilities: Tensor, index: Tensor) -> Tensor:
    """argmax p: greedy decoding."""
    return ops.cast(ops.argmax(log_probabilities, axis=-1), "int32")


def sample(
    uniforms: Tensor, *, top_p: float = 1.0, top_k: int | None = None, temperature: float = 1.0
) -> Choice:
    """Draw from the head of the distribution (Holtzman et al., 2020, arXiv 1904.09751; Fan et al., 2018).

        q_v is proportional to p_v^(1/temperature)
        the head: the fewest most likely tokens whose q sum to top_p or more, at most top_k of them

    A token is drawn from q within the head by inverting its cumulative sum, from one uniform number. As
    top_p goes to 0 that is greedy decoding; with top_p=1 and no top_k it is the model's own distribution.

    Args:
        uniforms: `(rows, length)` in [0, 1), one for each token that may be drawn. They make the draw: the
            same numbers give the same sequence, in whatever batch.

    Raises:
        ValueError: top_p outside (0, 1], top_k below 1, or a temperature that is not positive.
    """
    if not 0 < top_p <= 1:
        raise ValueError(f"top_p must lie in (0, 1], not {top_p}")
    if top_k is not None and top_k < 1:
        raise ValueError(f"top_k must be positive, not {top_k}")
    if temperature <= 0:
        raise ValueError(f"temperature must be positive, not {temperature}")

    def choose(log_probabilities: Tensor, index: Tensor) -> Tensor:
        vocabulary = log_probabilities.shape[-1]
        most = min(top_k or vocabulary, vocabulary)
        # From the likeliest on, for a tiny temperature makes all others minus infinity.
        above = log_probabilities - ops.max(log_probabilities, axis=-1, keepdims=True)
        ordered, tokens = ops.top_k(ops.softmax(above / max(temperature, SMALLEST)), most)
        cumulated = ops.cumsum(ordered, axis=-1)
        in_head = cumulated - ordered < top_p  # what stands before a token has not reached top_p yet
        mass = ops.sum(ops.where(in_head, ordered, 0.0), axis=-1, keepdims=True)
        drawn = ops.take(uniforms, index, axis=1)[:, None] * mass
        below = ops.logical_and(cumulated <= drawn, in_head)
        last = ops.maximum(ops.sum(ops.cast(in_head, "int32"), axis=-1) - 1, 0)
        rank = ops.minimum(ops.sum(ops.cast(below, "int32"), axis=-1), last)
        return ops.cast(ops.take_along_axis(tokens, rank[:, None], axis=-1)[:, 0], "int32")

    return choose
