from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kzoo.recipe import TrainingSection
from kzoo.training.order import batches, epoch_order, steps_per_epoch

SEEDS = st.integers(0, 2**32 - 1)


def section(batch_size: int, drop_last: bool = False) -> TrainingSection:
    return TrainingSection(learning_rate=0.1, epochs=1, batch_size=batch_size, drop_last=drop_last)


@given(SEEDS, st.integers(1, 10**6), st.integers(1, 300))
def test_the_order_is_a_permutation_and_depends_on_nothing_else(seed, epoch, count):
    order = epoch_order(seed, epoch, count)
    assert sorted(order) == list(range(count))
    np.random.random()  # noqa: NPY002 - the global state must not matter
    np.testing.assert_array_equal(order, epoch_order(seed, epoch, count))


@given(SEEDS, st.integers(1, 10**6))
def test_the_order_differs_by_epoch_and_by_seed(seed, epoch):
    order = epoch_order(seed, epoch, 64).tolist()
    assert order != epoch_order(seed, epoch + 1, 64).tolist()
    assert order != epoch_order((seed + 1) % 2**32, epoch, 64).tolist()
    assert order != list(range(64))


@given(st.integers(1, 200), st.integers(1, 40), st.integers(1, 9), st.booleans())
def test_batches_hold_each_example_once_and_in_order(count, batch_size, steps_per_call, drop_last):
    order, training = epoch_order(3, 1, count), section(batch_size, drop_last)
    runs = list(batches(order, training, steps_per_call))
    assert all(1 <= len(run) <= steps_per_call for run in runs)
    rows = [row for run in runs for row in run]
    sizes = [len(row) for row in rows]
    whole, rest = divmod(count, batch_size)
    assert sizes == [batch_size] * whole + ([rest] if rest and not drop_last else [])
    np.testing.assert_array_equal(np.concatenate([order[:0], *rows]), order[: sum(sizes)])
    assert steps_per_epoch(count, training) == len(rows)
