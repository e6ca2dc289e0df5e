"""Data augmentation by misspelt sources, for models that are robust to spelling errors (R002 3.1c)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kzoo.data.tokens import Tokens


def corrupt(
    sequences: Sequence[Tokens], alphabet: Sequence[str], share: float, rng: np.random.Generator
) -> list[Tokens]:
    """Remove, replace or swap each token with probability `share`, a third of it for each operation.

    A replaced token becomes a random one of `alphabet`. A swapped token changes places with the next one; the
    last token of a sequence stays. A sequence that would become empty is returned unchanged.
    """
    lengths = list(map(len, sequences))
    draws = np.split(rng.random(sum(lengths)), np.cumsum(lengths)[:-1])
    return [
        _corrupt_one(sequence, alphabet, share, row, rng) if (row < share).any() else sequence
        for sequence, row in zip(sequences, draws, strict=True)
    ]


def _corrupt_one(
    sequence: Tokens, alphabet: Sequence[str], share: float, draws: np.ndarray, rng: np.random.Generator
) -> Tokens:
    tokens: list[str | None] = list(sequence)
    for place in np.flatnonzero(draws < share):
        kind = int(3 * draws[place] / share)
        if kind == 0:
            tokens[place] = None
        elif kind == 1:
            tokens[place] = alphabet[int(rng.integers(len(alphabet)))]
        elif place + 1 < len(tokens):
            tokens[place], tokens[place + 1] = tokens[place + 1], tokens[place]
    return tuple(token for token in tokens if token is not None) or sequence
