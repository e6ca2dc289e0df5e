"""Helpers of the sequence metrics: the type of a sequence, token numbers and checks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from itertools import count

Tokens = Sequence[Hashable]
"""A string of characters, or any sequence of hashable tokens."""


def numbered(*sequences: Tokens) -> list[list[int]]:
    """Replace each token by a number, the same one for equal tokens.

    Some libraries compare tokens by hash alone, and hash(-1) == hash(-2). Others need words without spaces.
    """
    numbers: defaultdict[Hashable, int] = defaultdict(count().__next__)
    return [[numbers[token] for token in sequence] for sequence in sequences]


def require_one_for_each(references: Sequence[object], predictions: Sequence[object]) -> None:
    """Check that there is one prediction for each reference.

    Raises:
        ValueError: the numbers of sequences differ, or there is none.
    """
    if len(references) != len(predictions):
        raise ValueError(
            f"expected one prediction for each reference, got {len(predictions)} for {len(references)}"
        )
    if len(references) == 0:
        raise ValueError("expected at least one sequence, got none")
