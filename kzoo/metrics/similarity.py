"""Similarities of true and predicted sequences (R004 3), in [0, 1] and 1 for equal sequences.

|A| is the number of tokens of the sequence A. A n B and A u B are intersection and union of multisets: with
C_s(t) for the number of times that the token t occurs in s,

    |A n B| = sum_t min(C_A(t), C_B(t)),  |A u B| = sum_t max(C_A(t), C_B(t)) = |A| + |B| - |A n B|.

The multiset similarities depend on the tokens, not on their order. Two empty sequences are equal, so their
similarity is 1. Means over sequences are macro means: each sequence has the same weight.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from math import sqrt

import numpy as np

from kzoo.extras import require
from kzoo.metrics.sequences import Tokens, numbered, require_one_for_each

Similarity = Callable[[Tokens, Tokens], float]


def jaccard(reference: Tokens, prediction: Tokens) -> float:
    """Return Jaccard's index of the multisets of tokens: |A n B| / |A u B|."""
    common = _common(reference, prediction)
    union = len(reference) + len(prediction) - common
    return common / union if union else 1.0


def ochiai(reference: Tokens, prediction: Tokens) -> float:
    """Return Ochiai's coefficient of the token multisets: |A n B| / sqrt(|A| |B|), 0 if just one is empty.

    R004 calls it the cosine similarity. It equals the cosine of two sets as vectors of zeros and ones, but
    not the cosine of the counts C_A and C_B, which differs if a token is repeated.
    """
    if len(reference) == len(prediction) == 0:
        return 1.0
    product = len(reference) * len(prediction)
    return _common(reference, prediction) / sqrt(product) if product else 0.0


def damerau_levenshtein_similarity(reference: Tokens, prediction: Tokens) -> float:
    """Return 1 - d(A, B) / max(|A|, |B|), where d is the optimal string alignment distance.

    d is the smallest number of insertions, deletions, substitutions and swaps of two neighbours that turn A
    into B without editing any part twice: d("ca", "abc") = 3. The unrestricted Damerau-Levenshtein distance
    is never larger; it is 2 for this pair.

    Raises:
        MissingExtraError: rapidfuzz is not installed.
    """
    rapidfuzz = require("rapidfuzz", "speech", "the Damerau-Levenshtein similarity")
    return rapidfuzz.distance.OSA.normalized_similarity(*numbered(reference, prediction))


def similarities(
    measure: Similarity, references: Sequence[Tokens], predictions: Sequence[Tokens]
) -> np.ndarray:
    """Return the similarity of each pair, `(sequences,)`; its `bootstrap_interval` is that of the mean.

    Raises:
        ValueError: the numbers of sequences differ, or there is none.
    """
    require_one_for_each(references, predictions)
    return np.array(list(map(measure, references, predictions)), dtype=np.float64)


def mean_similarity(
    measure: Similarity, references: Sequence[Tokens], predictions: Sequence[Tokens]
) -> float:
    """Return the mean similarity of the pairs, with equal weights: `mean_similarity(jaccard, y, p)`.

    Raises:
        ValueError: the numbers of sequences differ, or there is none.
    """
    return float(similarities(measure, references, predictions).mean())


def _common(a: Tokens, b: Tokens) -> int:
    """Return |A n B|, the size of the multiset intersection."""
    return (Counter(a) & Counter(b)).total()
