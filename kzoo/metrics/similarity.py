"""How alike true and predicted sequences are (R004 3): three similarities in [0, 1], 1 for equal sequences.

|A| is the number of tokens of the sequence A. A n B and A u B are intersection and union of multisets: with
C_s(t) for how often the token t stands in s,

    |A n B| = sum_t min(C_A(t), C_B(t)),  |A u B| = sum_t max(C_A(t), C_B(t)) = |A| + |B| - |A n B|.

The multiset similarities see which tokens were written, not their order. Two empty sequences are equal: their
similarity is 1. Means over sequences are macro means, each sequence weighing the same.
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
    """Jaccard's index of the multisets of tokens: |A n B| / |A u B|."""
    common = _common(reference, prediction)
    union = len(reference) + len(prediction) - common
    return common / union if union else 1.0


def ochiai(reference: Tokens, prediction: Tokens) -> float:
    """Ochiai's coefficient of the multisets of tokens: |A n B| / sqrt(|A| |B|), 0 if just one is empty.

    R004 calls it the cosine similarity. It is that of two sets as vectors of zeros and ones; the cosine of
    the counts C_A and C_B, which differs as soon as a token is repeated, it is not.
    """
    if len(reference) == len(prediction) == 0:
        return 1.0
    product = len(reference) * len(prediction)
    return _common(reference, prediction) / sqrt(product) if product else 0.0


def damerau_levenshtein_similarity(reference: Tokens, prediction: Tokens) -> float:
    """1 - d(A, B) / max(|A|, |B|), d being the optimal string alignment distance.

    d is the fewest insertions, deletions, substitutions and swaps of two neighbours with which A becomes B
    when no part is edited twice: "ca" is 3 from "abc". The unrestricted distance of Damerau and Levenshtein,
    which has 2 there, is never larger.

    Raises:
        MissingExtraError: rapidfuzz is not installed.
    """
    rapidfuzz = require("rapidfuzz", "speech", "the Damerau-Levenshtein similarity")
    return rapidfuzz.distance.OSA.normalized_similarity(*numbered(reference, prediction))


def similarities(
    measure: Similarity, references: Sequence[Tokens], predictions: Sequence[Tokens]
) -> np.ndarray:
    """The similarity of each pair, `(sequences,)`; `bootstrap_interval` of it is that of its mean.

    Raises:
        ValueError: the numbers of sequences differ, or there is none.
    """
    require_one_for_each(references, predictions)
    return np.array(list(map(measure, references, predictions)), dtype=np.float64)


def mean_similarity(
    measure: Similarity, references: Sequence[Tokens], predictions: Sequence[Tokens]
) -> float:
    """The mean similarity of the pairs, each weighing the same: `mean_similarity(jaccard, y, p)`.

    Raises:
        ValueError: the numbers of sequences differ, or there is none.
    """
    return float(similarities(measure, references, predictions).mean())


def _common(a: Tokens, b: Tokens) -> int:
    """|A n B|."""
    return (Counter(a) & Counter(b)).total()
