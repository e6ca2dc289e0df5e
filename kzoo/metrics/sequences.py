"""What the metrics of sequences share: what a sequence is, and how sequences are compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from itertools import count

Tokens = Sequence[Hashable]
"""A string of characters, or any sequence of hashable tokens."""


def numbered(*sequences: Tokens) -> list[list[int]]:
    """The sequences with a number for each token, the same one for equal tokens.

    Libraries compare tokens by hash alone, and hash(-1) == hash(-2), or want words without blanks.
    """
    numbers: defaultdict[Hashable, int] = defaultdict(count().__next__)
    return [[numbers[token] for token in sequence] for sequence in sequences]


def require_one_for_each(references: Sequence[object], predictions: Sequence[object]) -> None:
    """Refuse what does not pair.

    Raises:
        ValueError: the numbers of sequences differ, or there is none.
    """
    if len(references) != len(predictions):
        raise ValueError(
            f"expected one prediction for each reference, got {len(predictions)} for {len(references)}"
        )
    if len(references) == 0:
        raise ValueError("expected at least one sequence, got none")
