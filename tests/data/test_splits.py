from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzoo.data.images.image_set import Split
from kzoo.data.splits import grouped_split, hold_out, random_split, stratified_split

LABELS = st.lists(st.integers(0, 5), max_size=60).map(np.array)


@given(labels=LABELS, share=st.floats(0, 1), seed=st.integers(0, 2**32 - 1))
def test_split_is_exact_disjoint_ordered_and_keeps_the_shares(labels, share, seed):
    count = int(share * len(labels))
    kept, held_out = stratified_split(labels, count, seed)
    assert len(held_out) == count
    assert sorted([*kept, *held_out]) == list(range(len(labels)))
    for rows in (kept, held_out):
        assert np.all(np.diff(rows) > 0)
    for label in np.unique(labels):
        share_of_class = count * np.sum(labels == label) / len(labels)
        assert abs(np.sum(labels[held_out] == label) - share_of_class) < 1


def test_the_seed_decides():
    labels = np.arange(200) % 4
    first, again, other = (stratified_split(labels, 40, seed)[1] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_every_row_of_a_class_is_as_likely_as_another():
    labels = np.repeat([0, 1], [5, 15])
    held_out = np.concatenate([stratified_split(labels, 4, seed)[1] for seed in range(2000)])
    share = np.bincount(held_out, minlength=20) / 2000
    # One of five and three of fifteen: each row with probability 1/5, standard deviation .009.
    assert np.abs(share - 0.2).max() < 0.045


def test_the_published_sizes_of_r003():
    labels = np.repeat(np.arange(6), [2191, 2271, 2404, 2512, 2274, 2382])
    kept, held_out = stratified_split(labels, 1404, 42)
    assert (len(kept), len(held_out)) == (12_630, 1_404)


@pytest.mark.parametrize("count", [-1, 4])
def test_more_than_all_and_less_than_none_are_refused(count):
    with pytest.raises(ValueError, match="cannot hold out"):
        stratified_split(np.zeros(3, int), count, 0)


def test_hold_out_keeps_images_with_their_labels(noise):
    labels = np.arange(30, dtype=np.int32) % 3
    images = noise(30, 2, 2, 1)
    images[:, 0, 0, 0] = labels
    train, validation = hold_out(Split(images, labels), 6)
    assert (len(train), len(validation)) == (24, 6)
    for split in (train, validation):
        assert np.array_equal(split.images[:, 0, 0, 0], split.labels)


@given(st.lists(st.integers(0, 20), min_size=1, max_size=4), st.integers(0, 9), st.integers(0, 5))
def test_random_rows_are_disjoint_ascending_and_of_the_sizes_asked_for(sizes, spare, seed):
    count = sum(sizes) + spare
    drawn = random_split(count, tuple(sizes), seed)
    assert [len(rows) for rows in drawn] == sizes
    assert all(np.all(np.diff(rows) > 0) for rows in drawn)
    together = np.concatenate(drawn)
    assert len(set(together.tolist())) == len(together)
    assert set(together.tolist()) <= set(range(count))
    again = random_split(count, tuple(sizes), seed)
    assert all(map(np.array_equal, drawn, again))


@pytest.mark.parametrize("sizes", [(4, 2), (-1, 2)])
def test_more_rows_than_there_are_cannot_be_drawn(sizes):
    with pytest.raises(ValueError, match="cannot draw"):
        random_split(5, sizes, 0)


@given(st.lists(st.sampled_from("abcde"), max_size=40), st.integers(0, 50), st.integers(0, 99))
def test_groups_are_kept_or_held_out_whole(groups, count, seed):
    kept, held_out = grouped_split(groups, count, seed)
    assert sorted([*kept, *held_out]) == list(range(len(groups)))
    names = [{groups[row] for row in rows} for rows in (kept, held_out)]
    assert not names[0] & names[1]
    assert bool(names[0]) == bool(groups)
    if len(names[0]) > 1:  # otherwise one group alone is left to keep
        assert len(held_out) >= count


@pytest.mark.parametrize(("count", "expected"), [(0, 0), (1, 3), (3, 3), (4, 6), (12, 12), (99, 12)])
def test_no_more_groups_are_held_out_than_are_needed(count, expected):
    assert len(grouped_split([*"abcde"] * 3, count, seed=1)[1]) == expected


def test_the_order_of_the_rows_draws_no_other_groups():
    groups = [*"aabbccddee"]
    drawn = {
        frozenset(order[row] for row in grouped_split(order, 3, seed=4)[1])
        for order in (groups, groups[::-1], [*"abcdeabcde"])
    }
    assert len(drawn) == 1
    assert {frozenset(groups[row] for row in grouped_split(groups, 3, seed)[1]) for seed in range(9)} > drawn
