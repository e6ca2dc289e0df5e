"""Several models as one."""

from __future__ import annotations

import math
from collections.abc import Sequence

from keras import ops

from kzoo.decoding.contract import State, Step, Tensor


def ensemble(steps: Sequence[Step]) -> Step:
    """The step of the mean of several models, log(1/N sum_n p_n); its state is the tuple of theirs."""

    def step(tokens: Tensor, states: tuple[State, ...]) -> tuple[Tensor, tuple[State, ...]]:
        results = [one(tokens, state) for one, state in zip(steps, states, strict=True)]
        stacked = ops.stack([log_probabilities for log_probabilities, _ in results])
        return ops.logsumexp(stacked, axis=0) - math.log(len(steps)), tuple(state for _, state in results)

    return step
