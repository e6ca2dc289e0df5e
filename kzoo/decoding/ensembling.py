"""Ensembles of models for decoding."""

from __future__ import annotations

import math
from collections.abc import Sequence

from keras import ops

from kzoo.decoding.step import State, Step
from kzoo.types import Tensor


def ensemble(begun: Sequence[tuple[Step, State]]) -> tuple[Step, tuple[State, ...]]:
    """Return the step of the mean of N models, log(1/N sum_n p_n), and its state, the tuple of theirs.

    Args:
        begun: the step function of each model and its first state.
    """
    steps, begun_states = zip(*begun, strict=True)

    def step(tokens: Tensor, states: tuple[State, ...]) -> tuple[Tensor, tuple[State, ...]]:
        results = [one(tokens, state) for one, state in zip(steps, states, strict=True)]
        stacked = ops.stack([log_probabilities for log_probabilities, _ in results])
        return ops.logsumexp(stacked, axis=0) - math.log(len(steps)), tuple(state for _, state in results)

    return step, begun_states
