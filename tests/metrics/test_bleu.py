import math
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzoo.errors import MissingExtraError
from kzoo.metrics.bleu import corpus_bleu, mean_sentence_bleu, sentence_bleu

pytest.importorskip("sacrebleu", reason="sacrebleu is not installed")

orders = st.integers(1, 4)
captions = st.lists(st.sampled_from("abc"), max_size=9)
images = st.tuples(st.lists(captions, min_size=1, max_size=5), captions)
corpora = st.lists(images, min_size=1, max_size=6)


def columns(rows):
    return [list(column) for column in zip(*rows, strict=True)]


def ngrams(tokens, n):
    return Counter(tuple(tokens[start : start + n]) for start in range(len(tokens) - n + 1))


def papineni(references, hypotheses, order):
    """Papineni et al. (2002), sections 2.1 to 2.3: the clipped precisions, the brevity penalty and BLEU."""
    clipped, total = np.zeros(order), np.zeros(order)
    closest = 0
    for several, hypothesis in zip(references, hypotheses, strict=True):
        closest += min((abs(len(one) - len(hypothesis)), len(one)) for one in several)[1]
        for n in range(1, order + 1):
            most = Counter()
            for one in several:
                most |= ngrams(one, n)
            found = ngrams(hypothesis, n)
            clipped[n - 1] += sum(min(count, most[ngram]) for ngram, count in found.items())
            total[n - 1] += sum(found.values())
    written = sum(map(len, hypotheses))
    precisions = np.divide(clipped, total, out=np.zeros(order), where=total > 0)
    penalty = 1 if written >= closest else math.exp(1 - closest / written) if written else 0
    return precisions, penalty, penalty * math.prod(precisions) ** (1 / order)


# ---- the equations ----


@given(corpora, orders)
def test_corpus_bleu_and_its_parts_equal_the_equations(rows, order):
    references, hypotheses = columns(rows)
    precisions, penalty, score = papineni(references, hypotheses, order)
    bleu = corpus_bleu(references, hypotheses, order)
    assert bleu.precisions == pytest.approx(precisions)
    assert bleu.brevity_penalty == pytest.approx(penalty)
    assert bleu.score == pytest.approx(score)
    assert 0 <= bleu.score <= 1


@given(corpora, orders)
def test_mean_sentence_bleu_equals_the_mean_of_the_equations(rows, order):
    scores = [papineni([several], [hypothesis], order)[2] for several, hypothesis in rows]
    assert mean_sentence_bleu(*columns(rows), order) == pytest.approx(np.mean(scores))


def test_order_one_by_hand():
    references = [["a", "plane", "on", "the", "runway"], ["the", "plane"]]
    # "the" counts twice at most once, "a" and "plane" once each: 3 of 5; as long as the first reference.
    assert sentence_bleu(references, ["the", "the", "a", "big", "plane"], 1) == pytest.approx(3 / 5)
    # Between references of 5 and 2 words, 3 words are closest to 2: no penalty.
    assert sentence_bleu(references, ["the", "big", "plane"], 1) == pytest.approx(2 / 3)


def test_order_four_by_hand():
    references = [["some", "houses", "are", "near", "a", "river"]]
    hypothesis = ["some", "houses", "are", "near", "the", "river"]
    # 1-grams 5 of 6, 2-grams 3 of 5, 3-grams 2 of 4, 4-grams 1 of 3
    expected = [5 / 6, 3 / 5, 2 / 4, 1 / 3]
    for order in range(1, 5):
        by_hand = math.prod(expected[:order]) ** (1 / order)
        assert sentence_bleu(references, hypothesis, order) == pytest.approx(by_hand)
    assert corpus_bleu([references], [hypothesis]).precisions == pytest.approx(expected)


def test_of_two_lengths_equally_close_the_shorter_counts():
    references, hypothesis = ["aaaaa", "aaa"], "aaaa"
    assert sentence_bleu(references, hypothesis, 1) == 1
    assert sentence_bleu(references[:1], hypothesis, 1) == pytest.approx(math.exp(1 - 5 / 4))


# ---- properties ----


@given(st.lists(captions, max_size=4), st.text("abc", min_size=4, max_size=30), orders)
def test_a_reference_itself_has_a_bleu_of_one(others, caption, order):
    assert sentence_bleu([*others, caption], caption, order) == pytest.approx(1, abs=1e-12)


@given(images, st.randoms(use_true_random=False), orders)
def test_the_order_of_the_references_changes_nothing(image, random, order):
    references, hypothesis = image
    shuffled = random.sample(references, len(references))
    assert sentence_bleu(shuffled, hypothesis, order) == sentence_bleu(references, hypothesis, order)


def test_no_common_ngram_of_the_highest_order_is_exactly_zero():
    references, hypothesis = ["abcd efgh"], "abc defgh"[::-1]
    assert sentence_bleu(references, hypothesis, 1) > 0
    assert sentence_bleu(references, hypothesis, 4) == 0
    assert sentence_bleu(["abc"], "abc", 4) == 0  # too short for a 4-gram
    assert sentence_bleu(["abc"], "", 1) == 0


def test_a_short_hypothesis_is_penalised():
    reference = "abcdefghij"
    for length in range(4, 10):
        assert sentence_bleu([reference], reference[:length]) == pytest.approx(math.exp(1 - 10 / length))


def test_micro_and_macro_differ():
    references, hypotheses = [["abcd"], ["abcdefgh"]], ["wxyz", "abcdefgh"]
    assert mean_sentence_bleu(references, hypotheses, 1) == pytest.approx(1 / 2)
    assert corpus_bleu(references, hypotheses, 1).score == pytest.approx(8 / 12)


def test_tokens_may_be_anything_that_can_be_hashed():
    words = ["a", "very big", " ", "-1"]
    assert sentence_bleu([words], words) == pytest.approx(1)
    assert sentence_bleu([[1, 2, -1, 4]], [1, 2, -2, 4], 1) == pytest.approx(3 / 4)
    assert sentence_bleu([np.arange(5)], np.arange(5)) == pytest.approx(1)
    assert sentence_bleu([["very", "big"]], ["very big"], 1) == 0


# ---- the signature, and mistakes ----


def test_the_signature_says_how_it_was_computed():
    five = corpus_bleu([["abcd"] * 5] * 2, ["abcd"] * 2)
    assert five.signature.startswith("nrefs:5|case:mixed|eff:no|tok:none|smooth:none|version:")
    assert corpus_bleu([["abcd"] * 5, ["abcd"]], ["abcd"] * 2).signature.startswith("nrefs:var|")


@pytest.mark.parametrize("metric", [mean_sentence_bleu, corpus_bleu])
def test_images_that_do_not_pair_or_lack_references_are_refused(metric):
    with pytest.raises(ValueError, match="got 1 for 2"):
        metric([["a"], ["b"]], ["a"])
    with pytest.raises(ValueError, match="at least one sequence"):
        metric([], [])
    with pytest.raises(ValueError, match="at least 1, got 0"):
        metric([["a"]], ["a"], 0)
    with pytest.raises(ValueError, match="references for each image"):
        metric([["a"], []], ["a", "b"])


def test_bleu_without_its_package_says_what_brings_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    with pytest.raises(MissingExtraError, match=r"BLEU needs sacrebleu: pip install 'kzoo\[captions\]'"):
        sentence_bleu(["a"], "a")
