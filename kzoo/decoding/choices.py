"""Functions that choose the next token from its distribution: greedy decoding and sampling."""

from __future__ import annotations

import numpy as np
from keras import ops

from kzoo.decoding.generation import Choice
from kzoo.types import Tensor

SMALLEST = float(np.finfo(np.float32).tiny)
"""The smallest normal number of float32; a lower temperature would be flushed to zero."""


def most_likely(log_probabilities: Tensor, index: Tensor) -> Tensor:
    """Choose the most likely token (greedy decoding): argmax_v p_v."""
    return ops.cast(ops.argmax(log_probabilities, axis=-1), "int32")


def sample(
    uniforms: Tensor, *, top_p: float = 1.0, top_k: int | None = None, temperature: float = 1.0
) -> Choice:
    """Return a choice that samples from the head of the distribution.

    This is nucleus sampling (Holtzman et al., 2020, arXiv 1904.09751) with top-k (Fan et al., 2018):

        q_v is proportional to p_v^(1/temperature)
        the head: the fewest most likely tokens whose q sum to top_p or more, at most top_k of them

    A token is drawn from q restricted to the head, by inverse transform sampling with one uniform number. As
    top_p goes to 0 this becomes greedy decoding; top_p=1 without top_k samples from all of q.

    Args:
        uniforms: `(rows, length)` in [0, 1), one number for each token that may be drawn. The same numbers
            give the same sequence, in any batch.

    Raises:
        ValueError: top_p is outside (0, 1], top_k is below 1, or the temperature is not positive.
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
        # Subtracting the maximum keeps it at 0 when a tiny temperature makes all others minus infinity.
        above = log_probabilities - ops.max(log_probabilities, axis=-1, keepdims=True)
        ordered, tokens = ops.top_k(ops.softmax(above / max(temperature, SMALLEST)), most)
        cumulated = ops.cumsum(ordered, axis=-1)
        in_head = cumulated - ordered < top_p  # the tokens before this one have not reached top_p yet
        mass = ops.sum(ops.where(in_head, ordered, 0.0), axis=-1, keepdims=True)
        drawn = ops.take(uniforms, index, axis=1)[:, None] * mass
        below = ops.logical_and(cumulated <= drawn, in_head)
        last = ops.maximum(ops.sum(ops.cast(in_head, "int32"), axis=-1) - 1, 0)
        rank = ops.minimum(ops.sum(ops.cast(below, "int32"), axis=-1), last)
        return ops.cast(ops.take_along_axis(tokens, rank[:, None], axis=-1)[:, 0], "int32")

    return choose
