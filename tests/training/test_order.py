from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzoo.recipe import TrainingSection
from kzoo.training.examples import Examples
from kzoo.training.order import batches, epoch_order, steps_per_epoch

SEEDS = st.integers(0, 2**32 - 1)
EPOCHS = st.integers(1, 10**6)


def section(batch_size: int = 8, drop_last: bool = False, seed: int = 3, **values: bool) -> TrainingSection:
    given = {
        "learning_rate": 0.1,
        "epochs": 1,
        "batch_size": batch_size,
        "drop_last": drop_last,
        "seed": seed,
    }
    return TrainingSection(**given, **values)


def fixed(count: int) -> Examples:
    return Examples.of_fixed_size(np.zeros(count))


def sequences(lengths: list[list[int]]) -> Examples:
    return Examples((), np.array(lengths, np.int32))


@given(SEEDS, EPOCHS, st.integers(1, 300), st.booleans())
def test_the_order_is_a_permutation_and_depends_on_nothing_else(seed, epoch, count, by_length):
    training = section(seed=seed, batch_by_length=by_length)
    order = epoch_order(training, epoch, fixed(count))
    assert sorted(order) == list(range(count))
    assert order.dtype == np.int32
    np.random.random()  # noqa: NPY002 - the global state must not matter
    np.testing.assert_array_equal(order, epoch_order(training, epoch, fixed(count)))


@given(SEEDS, EPOCHS, st.booleans())
def test_the_order_differs_by_epoch_and_by_seed(seed, epoch, by_length):
    def order(seed: int, epoch: int) -> list[int]:
        return epoch_order(section(seed=seed, batch_by_length=by_length), epoch, fixed(64)).tolist()

    assert order(seed, epoch) != order(seed, epoch + 1)
    assert order(seed, epoch) != order((seed + 1) % 2**32, epoch)
    assert order(seed, epoch) != list(range(64))


@given(st.integers(1, 200), st.integers(1, 40), st.integers(1, 9), st.booleans())
def test_batches_hold_each_example_once_and_in_order(count, batch_size, steps_per_call, drop_last):
    training = section(batch_size, drop_last)
    order = epoch_order(training, 1, fixed(count))
    runs = list(batches(order, training, steps_per_call))
    assert all(1 <= len(run) <= steps_per_call for run in runs)
    rows = [row for run in runs for row in run]
    sizes = [len(row) for row in rows]
    whole, rest = divmod(count, batch_size)
    assert sizes == [batch_size] * whole + ([rest] if rest and not drop_last else [])
    np.testing.assert_array_equal(np.concatenate([order[:0], *rows]), order[: sum(sizes)])
    assert steps_per_epoch(count, training) == len(rows)


# ---- batches of like length ----

PAIRS = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=80)


@given(SEEDS, EPOCHS, PAIRS, st.integers(1, 20))
def test_batches_are_alike_in_length(seed, epoch, lengths, batch_size):
    training = section(batch_size, seed=seed, batch_by_length=True)
    examples = sequences(lengths)
    order = epoch_order(training, epoch, examples)
    assert sorted(order) == list(range(len(lengths)))
    assert order.dtype == np.int32
    np.random.random()  # noqa: NPY002 - the global state must not matter
    np.testing.assert_array_equal(order, epoch_order(training, epoch, examples))
    whole = len(lengths) // batch_size
    totals = np.sum(lengths, axis=1)[order[: whole * batch_size]].reshape(whole, batch_size)
    spans = sorted((batch.min(), batch.max()) for batch in totals)
    assert all(longest <= shortest for (_, longest), (shortest, _) in itertools.pairwise(spans))


def test_the_whole_batches_come_in_any_order():
    examples = sequences([[length, 1] for length in range(1, 25)])
    first = {epoch_order(section(4, batch_by_length=True), epoch, examples)[0] // 4 for epoch in range(1, 80)}
    assert first == set(range(6))


def test_examples_of_a_length_are_mixed_anew():
    examples = sequences([[5, 5]] * 12 + [[9, 9]] * 12)
    orders = [epoch_order(section(4, batch_by_length=True), epoch, examples) for epoch in (1, 2)]
    once, again = ({frozenset(batch.tolist()) for batch in order.reshape(6, 4)} for order in orders)
    assert once != again
    assert all(max(batch) < 12 or min(batch) >= 12 for batch in once | again)


def test_the_smaller_last_batch_is_of_any_length():
    examples = sequences([[length, 1] for length in range(1, 14)])
    left = {epoch_order(section(4, batch_by_length=True), epoch, examples)[-1] for epoch in range(1, 200)}
    assert left == set(range(13))


@pytest.mark.parametrize("count", [3, 13])
def test_without_whole_batches_the_order_is_the_same_as_ever(count):
    examples = sequences([[length, 2] for length in range(1, count + 1)])
    plain = epoch_order(section(14), 2, examples)
    np.testing.assert_array_equal(epoch_order(section(14, batch_by_length=True), 2, examples), plain)
