from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzoo.training.sources import Sources

IDS = np.array([[3, 1, 0, 0, 0], [2, 0, 5, 0, 0], [0, 0, 0, 0, 0], [1, 2, 3, 4, 5]])
"""A zero within a row is no end of it."""


def test_a_source_is_real_up_to_the_last_that_is_not_zero():
    assert Sources(IDS).lengths.tolist() == [2, 3, 0, 5]
    frames = np.zeros((3, 4, 2), np.float32)
    frames[0, 2, 1] = frames[1, 3, 0] = -0.5
    assert Sources(frames).lengths.tolist() == [3, 4, 0]


def test_without_a_bucket_width_all_of_it_is_real_and_nothing_is_cut():
    sources = Sources(IDS, None)
    assert sources.lengths.tolist() == [5, 5, 5, 5]
    np.testing.assert_array_equal(sources.take(np.array([1, 1, 0]), 2), IDS[[1, 1, 0]])


def test_some_of_the_sources():
    some = Sources(IDS, 3, 7)[1:3]
    assert (len(some), some.bucket_width, some.batch) == (2, 3, 7)
    np.testing.assert_array_equal(some.values, IDS[1:3])


@pytest.mark.parametrize(("longest", "width"), [(0, 3), (1, 3), (3, 3), (4, 6), (5, 6)])
def test_a_batch_is_as_wide_as_the_next_multiple_of_the_bucket_width(longest, width):
    batch = Sources(IDS, 3).take(np.array([3, 0]), longest)
    np.testing.assert_array_equal(batch, np.pad(IDS[[3, 0]], [(0, 0), (0, 1)])[:, :width])


def test_batches_are_of_similar_lengths():
    sources = Sources(IDS, 2, batch=2)
    assert [rows.tolist() for rows in sources.batches()] == [[2, 0], [1, 3]]
    assert sources.batches_per_width() == 1  # 2 and 6 wide
    assert Sources(IDS, 8, batch=1).batches_per_width() == 4
    assert Sources(IDS, None, batch=3).batches_per_width() == 2


@given(st.integers(1, 9), st.integers(1, 5), st.integers(0, 99), st.booleans(), st.data())
def test_nothing_real_is_lost(length, bucket_width, seed, with_features, data):
    rng = np.random.default_rng(seed)
    values = rng.integers(1, 9, (4, length, 2) if with_features else (4, length))
    for row, real in zip(values, rng.integers(0, length + 1, 4), strict=True):
        row[real:] = 0
    sources = Sources(values, bucket_width)
    rows = np.array(data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=6)))
    longest = sources.lengths[rows].max()
    batch = sources.take(rows, int(longest))
    assert batch.dtype == values.dtype
    assert batch.shape[1] % bucket_width == 0
    assert longest <= batch.shape[1] < longest + bucket_width or batch.shape[1] == bucket_width
    for taken, row in zip(batch, rows, strict=True):
        real = sources.lengths[row]
        np.testing.assert_array_equal(taken[:real], values[row, :real])
        assert not taken[real:].any()
