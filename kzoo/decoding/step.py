"""The types and constants shared by the decoding methods and the models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from keras import ops

from kzoo.symbols import IMPOSSIBLE, PAD
from kzoo.types import Tensor

State = Any
Step = Callable[[Tensor, State], tuple[Tensor, State]]


@dataclass(frozen=True)
class Limits:
    """The limits of decoded sequences.

    `start` is the token before the first one, `end` the token that ends a sequence, and `length` the maximum
    number of tokens, the end token included.
    """

    start: int
    end: int
    length: int


def without_padding(log_probabilities: Tensor) -> Tensor:
    """Make padding impossible as the next token of an unfinished sequence."""
    return ops.where(ops.arange(log_probabilities.shape[-1]) == PAD, IMPOSSIBLE, log_probabilities)
