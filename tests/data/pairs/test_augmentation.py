from __future__ import annotations

import numpy as np
import pytest

from kzoo.data.pairs.augmentation import corrupt

ALPHABET = ("x", "yy", "z")


def words(count, length):
    """Sequences of numbers, no two alike in one: what happened to each token can be told."""
    return [tuple(str(place) for place in range(length))] * count


def rng(seed=1):
    return np.random.default_rng(seed)


def test_nothing_at_a_share_of_0():
    assert corrupt(words(9, 5), ALPHABET, 0.0, rng()) == words(9, 5)


@pytest.mark.parametrize("share", [0.03, 0.1])
def test_a_third_of_the_share_each_is_dropped_replaced_and_swapped(share):
    """Counted over 400,000 tokens, with 5 standard deviations and what two changes side by side undo."""
    count, length = 4_000, 100
    dropped = replaced = swapped = 0
    for word in corrupt(words(count, length), ALPHABET, share, rng()):
        numbers = [int(token) for token in word if token not in ALPHABET]
        dropped += length - len(word)
        replaced += len(word) - len(numbers)
        swapped += int((np.diff(numbers) < 0).sum())
    total = count * length
    expected = share / 3 * total
    tolerance = 5 * np.sqrt(expected) + share**2 * total
    for found in (dropped, replaced, swapped):
        assert abs(found - expected) < tolerance


@pytest.mark.parametrize("share", [0.2, 0.6, 0.99])
def test_tokens_come_from_the_sequence_or_the_alphabet_and_some_are_left(share):
    before = [word[: 1 + place % 7] for place, word in enumerate(words(700, 7))]
    after = corrupt(before, ALPHABET, share, rng())
    assert len(after) == len(before)
    assert after != before
    for old, new in zip(before, after, strict=True):
        assert isinstance(new, tuple)
        assert 1 <= len(new) <= len(old)
        kept = [token for token in new if token not in ALPHABET]
        assert set(kept) <= set(old)
        assert len(set(kept)) == len(kept)


def test_every_token_of_the_alphabet_may_come():
    found = {token for word in corrupt(words(90, 9), ALPHABET, 0.9, rng()) for token in word}
    assert set(ALPHABET) < found


def test_a_lone_token_is_never_lost_and_swapped_with_none():
    after = corrupt([("a",)] * 300, ("x",), 0.9, rng())
    assert set(after) == {("a",), ("x",)}


def test_the_same_numbers_give_the_same_and_others_others():
    before = words(50, 8)
    assert corrupt(before, ALPHABET, 0.3, rng()) == corrupt(before, ALPHABET, 0.3, rng())
    assert corrupt(before, ALPHABET, 0.3, rng()) != corrupt(before, ALPHABET, 0.3, rng(2))
    assert before == words(50, 8)
