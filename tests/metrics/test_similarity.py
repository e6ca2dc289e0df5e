import math
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzoo.errors import MissingExtraError
from kzoo.metrics.similarity import (
    damerau_levenshtein_similarity,
    jaccard,
    mean_similarity,
    ochiai,
    similarities,
)
from kzoo.metrics.transcription import bootstrap_interval, edit_distances

pytest.importorskip("rapidfuzz", reason="rapidfuzz is not installed")

MEASURES = (jaccard, ochiai, damerau_levenshtein_similarity)
every_measure = pytest.mark.parametrize("measure", MEASURES)
words = st.text("abc", max_size=8)


def optimal_string_alignment(a, b):
    """The recurrence of Wagner and Fischer (1974) with swaps of neighbours, and its whole table."""
    table = np.zeros((len(a) + 1, len(b) + 1), dtype=int)
    table[:, 0], table[0, :] = np.arange(len(a) + 1), np.arange(len(b) + 1)
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            options = [table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (a[i - 1] != b[j - 1])]
            if i > 1 and j > 1 and (a[i - 1], a[i - 2]) == (b[j - 2], b[j - 1]):
                options.append(table[i - 2, j - 2] + 1)
            table[i, j] = min(options)
    return table[-1, -1]


def counts(word):
    return np.array([word.count(letter) for letter in "abc"])


# ---- the equations ----


@given(words, words)
def test_damerau_levenshtein_similarity_equals_the_recurrence(a, b):
    expected = 1 - optimal_string_alignment(a, b) / max(len(a), len(b), 1)
    assert damerau_levenshtein_similarity(a, b) == pytest.approx(expected)


@given(words, words.filter(len))
def test_multiset_similarities_equal_the_sums_over_counts(a, b):
    common = np.minimum(counts(a), counts(b)).sum()
    union = np.maximum(counts(a), counts(b)).sum()
    assert jaccard(a, b) == pytest.approx(common / union)
    assert ochiai(a, b) == pytest.approx(common / math.sqrt(len(a) * len(b)) if a else 0)


def test_similarities_by_hand():
    assert jaccard("aabc", "abbd") == pytest.approx(2 / 6)
    assert ochiai("aabc", "abbdbbdbb") == pytest.approx(2 / 6)
    assert damerau_levenshtein_similarity("hello", "hlelo") == pytest.approx(1 - 1 / 5)
    # No part is edited twice: "ca" -> "ac" -> "abc" is not allowed.
    assert damerau_levenshtein_similarity("ca", "abc") == pytest.approx(1 - 3 / 3)


def test_ochiai_of_repeated_tokens_is_not_the_cosine_of_their_counts():
    a, b = "aaab", "abbb"
    cosine = counts(a) @ counts(b) / np.linalg.norm(counts(a)) / np.linalg.norm(counts(b))
    assert ochiai(a, b) == pytest.approx(2 / 4)
    assert cosine == pytest.approx(6 / 10)


# ---- properties ----


@every_measure
@given(words, words)
def test_a_similarity_is_symmetric_and_between_0_and_1(measure, a, b):
    assert 0 <= measure(a, b) <= 1
    assert measure(a, b) == measure(b, a)


@every_measure
@given(words)
def test_equal_sequences_have_a_similarity_of_1_the_empty_ones_too(measure, a):
    assert measure(a, a) == pytest.approx(1, abs=1e-15)
    assert measure(a, "") == (1 if a == "" else 0)


@given(words, words, st.randoms(use_true_random=False))
def test_multiset_similarities_do_not_see_the_order(a, b, random):
    shuffled = "".join(random.sample(a, len(a)))
    assert jaccard(shuffled, b) == jaccard(a, b)
    assert ochiai(shuffled, b) == ochiai(a, b)
    assert (damerau_levenshtein_similarity(shuffled, a) == 1) == (shuffled == a)


@given(words, words)
def test_jaccard_is_at_most_ochiai(a, b):
    assert jaccard(a, b) <= ochiai(a, b) + 1e-15


@given(words, words)
def test_swaps_make_sequences_no_less_alike_than_levenshtein(a, b):
    levenshtein = edit_distances([a], [b])[0] / max(len(a), len(b), 1)
    assert damerau_levenshtein_similarity(a, b) >= 1 - levenshtein - 1e-15


@every_measure
@pytest.mark.parametrize("kind", [str, tuple, lambda word: np.array([ord(letter) for letter in word])])
def test_every_kind_of_sequence_counts_alike(measure, kind):
    assert measure(kind("kitten"), kind("sitting")) == measure(list("kitten"), list("sitting"))


@every_measure
def test_tokens_of_one_hash_are_told_apart(measure):
    assert hash(-1) == hash(-2)
    assert measure([-1], [-2]) == 0


# ---- means ----


def test_the_mean_weighs_each_sequence_the_same():
    references, predictions = ["ab", "cccccc", ""], ["ax", "cccccc", ""]
    np.testing.assert_allclose(similarities(jaccard, references, predictions), [1 / 3, 1, 1])
    assert mean_similarity(jaccard, references, predictions) == pytest.approx(7 / 9)
    assert mean_similarity(ochiai, references, predictions) == pytest.approx(5 / 6)
    assert mean_similarity(damerau_levenshtein_similarity, references, predictions) == pytest.approx(5 / 6)


def test_the_interval_of_a_mean_similarity_holds_it():
    rng = np.random.default_rng(2)
    references, predictions = (["".join(rng.choice(list("abc"), 7)) for _ in range(50)] for _ in range(2))
    low, high = bootstrap_interval(similarities(ochiai, references, predictions))
    assert 0 < low < mean_similarity(ochiai, references, predictions) < high < 1


def test_sequences_that_do_not_pair_are_refused():
    with pytest.raises(ValueError, match="got 1 for 2"):
        mean_similarity(jaccard, ["a", "b"], ["a"])
    with pytest.raises(ValueError, match="at least one"):
        similarities(ochiai, [], [])


def test_the_similarity_that_lacks_its_package_says_what_brings_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "rapidfuzz", None)
    assert jaccard("ab", "bc") == pytest.approx(1 / 3)
    with pytest.raises(MissingExtraError, match=r"needs rapidfuzz: pip install 'kzoo\[speech\]'"):
        damerau_levenshtein_similarity("ab", "bc")
