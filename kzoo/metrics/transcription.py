"""Error rates of transcribed sequences, computed from true and predicted tokens.

N sequences have true tokens y_i (the references) and predicted tokens p_i. A sequence is a string of
characters or any sequence of hashable tokens, so the same functions apply to characters, phonemes, words or
ids. Special tokens (start, end, padding) count like any other token: remove them first. All rates use

    d_i = Levenshtein(y_i, p_i),  n_i = |y_i|

and two conventions turn these into one rate; they differ if the lengths differ:

    macro: 1/N sum_i d_i / n_i          equal weight for every sequence    `error_rate`
    micro: sum_i d_i / sum_i n_i        equal weight for every true token  `character_error_rate`

Both may exceed 1, since p_i may be longer than y_i.

An empty reference has no rate: d_i / 0 is undefined, and any substitute would change the macro mean. The
macro rate raises an error. The micro rates count its d_i insertions and need at least one true token in
total. The fractions of whole sequences need no true token.
"""

from __future__ import annotations

from collections.abc import Sequence

import editdistance
import numpy as np
from numpy.typing import ArrayLike

from kzoo.metrics.sequences import Tokens, numbered, require_one_for_each


def edit_distances(references: Sequence[Tokens], predictions: Sequence[Tokens]) -> np.ndarray:
    """Return the Levenshtein distance d_i of each pair, in insertions, deletions and substitutions.

    Returns:
        Distances `(sequences,)`, int64.

    Raises:
        ValueError: the numbers of sequences differ, or there is none.
    """
    require_one_for_each(references, predictions)
    distances = (editdistance.eval(*numbered(*pair)) for pair in zip(references, predictions, strict=True))
    return np.fromiter(distances, dtype=np.int64, count=len(references))


def error_rate(references: Sequence[Tokens], predictions: Sequence[Tokens]) -> float:
    """Return the macro error rate (R000, R002 3.1): 1/N sum_i d_i / n_i.

    Raises:
        ValueError: the numbers of sequences differ, there is none, or a reference is empty.
    """
    distances, lengths = edit_distances(references, predictions), _lengths(references)
    if not lengths.all():
        raise ValueError(f"expected references with tokens, got an empty one at index {lengths.argmin()}")
    return float(np.mean(distances / lengths))


def character_error_rate(references: Sequence[Tokens], predictions: Sequence[Tokens]) -> float:
    """Return the micro error rate (CER in R003 3): sum_i d_i / sum_i n_i.

    Raises:
        ValueError: the numbers of sequences differ, or the references hold no token.
    """
    distances, lengths = edit_distances(references, predictions), _lengths(references)
    if not lengths.any():
        raise ValueError(f"expected references with tokens, got {len(lengths)} empty ones")
    return float(distances.sum() / lengths.sum())


def sentence_word_error_rate(references: Sequence[str], predictions: Sequence[str]) -> float:
    """Return the WER of speech recognition: the micro error rate over words separated by white space.

    It is `character_error_rate` over words instead of characters. `error_rate` over words is its macro form.

    Raises:
        ValueError: the numbers of sentences differ, or the references hold no word.
    """
    return character_error_rate(
        [sentence.split() for sentence in references], [sentence.split() for sentence in predictions]
    )


def word_error_rate(references: Sequence[Tokens], predictions: Sequence[Tokens]) -> float:
    """Return the fraction of wrong sequences, each a single word (WER in R003 3): |{i : d_i > 0}| / N.

    Every word has the same weight, so the macro and the micro rate are equal. In speech recognition this name
    means another rate, `sentence_word_error_rate`.

    Raises:
        ValueError: the numbers of sequences differ, or there is none.
    """
    return word_error_rate_at_k(references, [predictions])


def word_error_rate_at_k(references: Sequence[Tokens], passes: Sequence[Sequence[Tokens]]) -> float:
    """Return the fraction of sequences that none of k passes gets exactly right (WER@k, R003 3).

    WER@k = |{i : min_j d(y_i, p_i^j) > 0}| / N for independently sampled passes j = 1..k.

    Args:
        references: the true sequences.
        passes: k lists of predictions, each with one for each reference.

    Raises:
        ValueError: there is no pass or no sequence, or a pass has another number of sequences.
    """
    if len(passes) == 0:
        raise ValueError("expected at least one pass, got none")
    nearest = np.min([edit_distances(references, predictions) for predictions in passes], axis=0)
    return float(np.mean(nearest > 0))


def exact_match(references: Sequence[Tokens], predictions: Sequence[Tokens]) -> float:
    """Return the fraction of sequences that are exactly right: |{i : d_i = 0}| / N = 1 - WER.

    Raises:
        ValueError: the numbers of sequences differ, or there is none.
    """
    return float(np.mean(edit_distances(references, predictions) == 0))


def bootstrap_interval(
    numerators: ArrayLike,
    denominators: ArrayLike | None = None,
    *,
    level: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """Return a percentile bootstrap confidence interval over sequences for a mean or a ratio of sums.

    Resample b draws N indices from 1..N with replacement, I_b, and yields

        r_b = sum_{i in I_b} a_i / sum_{i in I_b} c_i;

    the bounds are the (1 - level)/2 and (1 + level)/2 quantiles of r_1..r_B (Efron and Tibshirani, 1993,
    13.3; for error rates Bisani and Ney, 2004). Sequences are drawn whole, since errors within one are not
    independent. The interval covers the choice of sequences, not of training runs. Time is O(B N), memory
    O(B + N).

        macro: bootstrap_interval(edit_distances(y, p) / lengths)
        micro: bootstrap_interval(edit_distances(y, p), lengths)
        WER:   bootstrap_interval(edit_distances(y, p) > 0)

    Args:
        numerators: a_i, `(sequences,)`.
        denominators: c_i >= 0, `(sequences,)`; None means ones, and r_b is a mean.
        level: the nominal coverage, between 0 and 1.
        resamples: B, the number of resamples.
        seed: the seed of the draws; the same seed and input give the same interval.

    Returns:
        The lower and the upper bound.

    Raises:
        ValueError: the shapes differ or are not `(sequences,)`, there is no sequence, a denominator is
            negative, `level` or `resamples` is out of range, or too few denominators are positive, so that
            those of a resample sum to 0.
    """
    top = np.asarray(numerators, dtype=np.float64)
    bottom = np.ones_like(top) if denominators is None else np.asarray(denominators, dtype=np.float64)
    _require_ratio(top, bottom)
    if not 0 < level < 1:
        raise ValueError(f"expected a level between 0 and 1, got {level}")
    if resamples < 1:
        raise ValueError(f"expected at least one resample, got {resamples}")
    sums = _resampled_sums(np.stack([top, bottom]), resamples, seed)
    if not sums[:, 1].all():
        raise ValueError(
            f"expected more positive denominators, got {np.count_nonzero(bottom)} of {len(bottom)}"
        )
    low, high = np.quantile(sums[:, 0] / sums[:, 1], [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _resampled_sums(rows: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """Return the sum of each row over each resample, `(resamples, rows)`, drawn one resample at a time."""
    generator = np.random.default_rng(seed)
    sequences = rows.shape[1]
    draws = (generator.integers(sequences, size=sequences) for _ in range(resamples))
    return np.array([rows.take(draw, axis=1).sum(axis=1) for draw in draws])


def _lengths(sequences: Sequence[Tokens]) -> np.ndarray:
    return np.array([len(sequence) for sequence in sequences], dtype=np.int64)


def _require_ratio(numerators: np.ndarray, denominators: np.ndarray) -> None:
    if numerators.ndim != 1 or numerators.shape != denominators.shape:
        raise ValueError(
            f"expected one denominator for each numerator, got {denominators.shape} for {numerators.shape}"
        )
    if len(numerators) == 0:
        raise ValueError("expected at least one sequence, got none")
    if denominators.min() < 0:
        raise ValueError(f"expected denominators of at least 0, got {denominators.min()}")
