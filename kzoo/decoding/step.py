"""What a decoding and a model have to know of each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from keras import ops

from kzoo.types import Tensor

State = Any
Step = Callable[[Tensor, State], tuple[Tensor, State]]

PAD = 0
"""What stands after the end of a sequence, and never within one."""

IMPOSSIBLE = -1e30
"""The log-probability of what cannot be; finite, so that sums and quotients of it stay numbers."""


@dataclass(frozen=True)
class Limits:
    """Where sequences begin and end.

    `start` is the token before the first one, `end` the one that closes a sequence, `length` the greatest
    number of tokens, the closing one counted.
    """

    start: int
    end: int
    length: int


def without_padding(log_probabilities: Tensor) -> Tensor:
    """The distribution of an open sequence's next token, among which padding is not."""
    return ops.where(ops.arange(log_probabilities.shape[-1]) == PAD, IMPOSSIBLE, log_probabilities)
