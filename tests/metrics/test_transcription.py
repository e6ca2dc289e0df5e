from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzoo.metrics.transcription import (
    bootstrap_interval,
    character_error_rate,
    edit_distances,
    error_rate,
    exact_match,
    sentence_word_error_rate,
    word_error_rate,
    word_error_rate_at_k,
)

words = st.text("abc", max_size=7)
spelled_words = st.text("abc", min_size=1, max_size=7)


def pairs(references=words):
    return st.lists(st.tuples(references, words), min_size=1, max_size=12)


def columns(rows):
    return [list(column) for column in zip(*rows, strict=True)]


def levenshtein(a, b):
    """The recurrence of Wagner and Fischer (1974), with its whole table."""
    table = np.zeros((len(a) + 1, len(b) + 1), dtype=int)
    table[:, 0], table[0, :] = np.arange(len(a) + 1), np.arange(len(b) + 1)
    for i in range(len(a)):
        for j in range(len(b)):
            substitution = table[i, j] + (a[i] != b[j])
            table[i + 1, j + 1] = min(table[i, j + 1] + 1, table[i + 1, j] + 1, substitution)
    return table[-1, -1]


# ---- distances ----


@given(pairs())
def test_edit_distances_equal_the_recurrence(rows):
    expected = [levenshtein(*row) for row in rows]
    np.testing.assert_array_equal(edit_distances(*columns(rows)), expected)


@given(words, words, words)
def test_edit_distance_is_a_metric(a, b, c):
    d_ab, d_ba, d_bc, d_ac, d_aa = edit_distances([a, b, b, a, a], [b, a, c, c, a])
    assert d_aa == 0
    assert d_ab == d_ba
    assert (d_ab == 0) == (a == b)
    assert d_ac <= d_ab + d_bc


def test_edit_distances_tell_tokens_of_one_hash_apart():
    assert hash(-1) == hash(-2)
    np.testing.assert_array_equal(edit_distances([(-1, 5)], [(-2, 5)]), [1])


@pytest.mark.parametrize("kind", [str, tuple, list, lambda word: np.array([ord(letter) for letter in word])])
def test_every_kind_of_sequence_counts_alike(kind):
    references, predictions = ["kitten", "abc", "ab"], ["sitting", "", "ab"]
    distances = edit_distances([kind(word) for word in references], [kind(word) for word in predictions])
    np.testing.assert_array_equal(distances, [3, 3, 0])


# ---- rates ----


def test_rates_by_hand():
    references, predictions = ["kitten", "ab", "gato"], ["sitting", "ba", "gato"]  # distances 3, 2, 0
    assert error_rate(references, predictions) == pytest.approx((3 / 6 + 2 / 2 + 0) / 3)
    assert character_error_rate(references, predictions) == pytest.approx(5 / 12)
    assert word_error_rate(references, predictions) == pytest.approx(2 / 3)
    assert exact_match(references, predictions) == pytest.approx(1 / 3)


def test_sentence_word_error_rate_by_hand():
    references = ["the cat sat", "on  the mat today", "here"]
    predictions = [
        "the cat sat down",
        "on a mat",
        "here",
    ]  # one insertion; one substitution, one deletion; nothing
    assert sentence_word_error_rate(references, predictions) == pytest.approx(3 / 8)
    assert word_error_rate(references, predictions) == pytest.approx(2 / 3)


def test_rates_exceed_one_for_long_predictions():
    assert error_rate(["a"], ["bcd"]) == character_error_rate(["a"], ["bcd"]) == 3


@given(st.lists(spelled_words, min_size=1))
def test_identical_sequences_have_no_error(references):
    assert error_rate(references, references) == character_error_rate(references, references) == 0
    assert word_error_rate(references, references) == 0
    assert exact_match(references, references) == 1


@given(pairs(spelled_words), st.randoms(use_true_random=False))
def test_the_order_of_the_sequences_changes_nothing(rows, random):
    shuffled = random.sample(rows, len(rows))
    for metric in (error_rate, character_error_rate, sentence_word_error_rate, word_error_rate, exact_match):
        assert metric(*columns(shuffled)) == pytest.approx(metric(*columns(rows)))


@given(pairs(st.text("abc", min_size=5, max_size=5)))
def test_micro_equals_macro_when_all_lengths_are_equal(rows):
    assert character_error_rate(*columns(rows)) == pytest.approx(error_rate(*columns(rows)))


@given(pairs(spelled_words))
def test_micro_is_the_macro_rate_weighted_by_length(rows):
    lengths = [len(reference) for reference, _ in rows]
    rates = [error_rate([reference], [prediction]) for reference, prediction in rows]
    assert character_error_rate(*columns(rows)) == pytest.approx(np.average(rates, weights=lengths))


@given(pairs(spelled_words))
def test_exact_match_and_word_error_rate_share_the_words(rows):
    references, predictions = columns(rows)
    right = [reference == prediction for reference, prediction in rows]
    assert exact_match(references, predictions) == pytest.approx(np.mean(right))
    assert word_error_rate(references, predictions) == pytest.approx(1 - np.mean(right))


# ---- several passes ----


def test_word_error_rate_at_k_by_hand():
    references = ["cat", "dog", "owl", "hen"]
    passes = [["cat", "dig", "own", "ten"], ["cut", "dug", "owl", "men"], ["cat", "dog", "awl", "pen"]]
    assert [word_error_rate_at_k(references, passes[:k]) for k in (1, 2, 3)] == [0.75, 0.5, 0.25]


def test_word_error_rate_at_k_looks_for_a_word_in_its_own_place():
    assert word_error_rate_at_k(["cat", "dog"], [["dog", "cat"], ["dog", "cat"]]) == 1


@given(st.lists(st.tuples(*[st.text("ab", max_size=2)] * 5), min_size=1, max_size=12))
def test_word_error_rate_at_k_falls_with_k_from_the_word_error_rate(rows):
    references, *passes = columns(rows)
    rates = [word_error_rate_at_k(references, passes[:k]) for k in range(1, 5)]
    assert rates[0] == word_error_rate(references, passes[0])
    assert all(later <= earlier for earlier, later in pairwise(rates))
    right = [row[0] in row[1:] for row in rows]
    assert rates[-1] == pytest.approx(1 - np.mean(right))


# ---- empty references and other mistakes ----


def test_an_empty_reference_has_no_rate_of_its_own():
    with pytest.raises(ValueError, match="index 1"):
        error_rate(["ab", "", "c"], ["ab", "", "c"])


def test_insertions_to_an_empty_reference_count_in_the_micro_rate():
    assert character_error_rate(["abcd", ""], ["abcd", "xy"]) == 0.5
    assert word_error_rate(["abcd", ""], ["abcd", "xy"]) == 0.5
    assert exact_match([""], [""]) == 1


@pytest.mark.parametrize("metric", [character_error_rate, sentence_word_error_rate])
def test_references_without_a_token_have_no_micro_rate(metric):
    with pytest.raises(ValueError, match="2 empty"):
        metric(["", ""], ["", "a"])


@pytest.mark.parametrize(
    "metric",
    [
        edit_distances,
        error_rate,
        character_error_rate,
        sentence_word_error_rate,
        word_error_rate,
        exact_match,
    ],
)
def test_metrics_refuse_what_does_not_pair(metric):
    with pytest.raises(ValueError, match="got 1 for 2"):
        metric(["a", "b"], ["a"])
    with pytest.raises(ValueError, match="at least one sequence"):
        metric([], [])


def test_word_error_rate_at_k_refuses_no_pass_and_a_short_pass():
    with pytest.raises(ValueError, match="at least one pass"):
        word_error_rate_at_k(["a"], [])
    with pytest.raises(ValueError, match="got 1 for 2"):
        word_error_rate_at_k(["a", "b"], [["a", "b"], ["a"]])


# ---- confidence intervals ----

counts = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=1, max_size=40)


def binomial_errors(sequences, rate):
    return np.random.default_rng(sequences).random(sequences) < rate


@given(counts)
def test_the_interval_contains_the_point_estimate(rows):
    numerators, denominators = np.array(rows).T
    for parts in ((numerators, denominators), (numerators / denominators,)):
        point = parts[0].sum() / (parts[1].sum() if len(parts) == 2 else len(rows))
        low, high = bootstrap_interval(*parts, resamples=200)
        assert low <= point + 1e-12
        assert high >= point - 1e-12


@given(counts)
def test_the_interval_stays_within_the_extremes(rows):
    numerators, denominators = np.array(rows).T
    low, high = bootstrap_interval(numerators, denominators, resamples=50)
    rates = numerators / denominators
    assert rates.min() - 1e-12 <= low <= high <= rates.max() + 1e-12


@given(counts)
def test_a_wider_level_holds_a_narrower_one(rows):
    numerators, denominators = np.array(rows).T
    bounds = [bootstrap_interval(numerators, denominators, level=level, resamples=50) for level in (0.5, 0.9)]
    (inner_low, inner_high), (outer_low, outer_high) = bounds
    assert outer_low <= inner_low <= inner_high <= outer_high


def test_the_interval_of_a_mean_is_that_of_a_ratio_to_ones():
    errors = binomial_errors(31, 0.4)
    assert bootstrap_interval(errors) == bootstrap_interval(errors, np.ones(31))


def test_a_constant_rate_has_an_interval_without_width():
    lengths = np.array([2, 4, 10, 6])
    assert bootstrap_interval(lengths / 2, lengths) == (0.5, 0.5)


def test_the_interval_of_a_share_is_the_normal_one():
    errors = binomial_errors(2000, 0.3)
    share = errors.mean()
    half = 1.959964 * np.sqrt(share * (1 - share) / len(errors))
    low, high = bootstrap_interval(errors, resamples=4000)
    assert [low, high] == pytest.approx([share - half, share + half], abs=0.1 * half)


def test_the_interval_of_a_ratio_is_that_of_the_delta_method():
    generator = np.random.default_rng(7)
    lengths = generator.integers(1, 20, size=2000)
    distances = generator.binomial(lengths, 0.3)
    ratio = distances.sum() / lengths.sum()
    half = 1.959964 * np.sqrt(np.sum((distances - ratio * lengths) ** 2)) / lengths.sum()
    low, high = bootstrap_interval(distances, lengths, resamples=4000)
    assert [low, high] == pytest.approx([ratio - half, ratio + half], abs=0.1 * half)


def test_the_interval_narrows_with_the_root_of_the_sequences():
    errors = binomial_errors(150, 0.4)
    low, high = bootstrap_interval(errors, resamples=4000)
    low_of_more, high_of_more = bootstrap_interval(np.tile(errors, 16), resamples=4000)
    assert (high - low) / (high_of_more - low_of_more) == pytest.approx(4, rel=0.15)


def test_the_interval_covers_the_true_rate_as_often_as_its_level_says():
    generator = np.random.default_rng(11)
    bounds = [
        bootstrap_interval(generator.random(100) < 0.5, level=0.8, resamples=200, seed=n) for n in range(300)
    ]
    covered = np.mean([low <= 0.5 <= high for low, high in bounds])
    assert covered == pytest.approx(0.8, abs=0.08)


def test_the_seed_decides_the_interval():
    values = np.random.default_rng(3).random(50)
    assert bootstrap_interval(values, seed=1) == bootstrap_interval(values, seed=1)
    assert bootstrap_interval(values, seed=1) != bootstrap_interval(values, seed=2)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([],), {}, "at least one sequence"),
        (([[1, 2]],), {}, r"\(1, 2\)"),
        (([1, 2], [1]), {}, r"got \(1,\) for \(2,\)"),
        (([1, 2], [1, -1]), {}, "at least 0"),
        (([1, 2],), {"level": 1.0}, "level between 0 and 1"),
        (([1, 2],), {"level": 95}, "level between 0 and 1"),
        (([1, 2],), {"resamples": 0}, "at least one resample"),
        (([1, 1, 1], [5, 0, 0]), {}, "got 1 of 3"),
    ],
)
def test_the_interval_refuses_what_it_cannot_resample(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        bootstrap_interval(*arguments, **options)
