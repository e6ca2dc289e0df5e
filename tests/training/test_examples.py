from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from kzoo.training import examples as module
from kzoo.training.examples import BUCKET_WIDTH, Examples


@given(
    arrays.arrays(np.int32, st.tuples(st.integers(1, 30), st.integers(1, 3)), elements=st.integers(1, 99)),
    st.data(),
)
def test_extents_hold_the_longest_of_each_sequence_and_little_more(lengths, data):
    shape = st.tuples(st.integers(1, 5), st.integers(1, 7))
    rows = data.draw(arrays.arrays(np.int32, shape, elements=st.integers(0, len(lengths) - 1)))
    bucket_lengths = Examples((lengths,), lengths).bucket_lengths(rows)
    assert bucket_lengths.shape == (len(rows), lengths.shape[1])
    assert bucket_lengths.dtype == np.int32
    for batch, row in zip(rows, bucket_lengths, strict=True):
        for sequence, extent in enumerate(row):
            longest = max(lengths[i, sequence] for i in batch)
            assert longest <= extent < longest + BUCKET_WIDTH
            assert extent % BUCKET_WIDTH == 0 or extent == max(lengths[:, sequence])


def test_extents_are_few():
    """All lengths to 40, in batches of one: ten shapes to compile."""
    lengths = np.arange(1, 41, dtype=np.int32)[:, None]
    bucket_lengths = Examples((), lengths).bucket_lengths(np.arange(40)[:, None])
    assert sorted({int(extent) for extent in bucket_lengths[:, 0]}) == list(
        range(BUCKET_WIDTH, 41, BUCKET_WIDTH)
    )


def test_each_sequence_has_a_bucket_width_of_its_own():
    """Frames in steps of 16 beside texts in steps of 3; the longest are as long as their arrays."""
    lengths = np.array([[5, 1], [16, 3], [17, 4], [37, 11]], np.int32)
    bucket_lengths = Examples((lengths,), lengths, (16, 3)).bucket_lengths(
        np.array([[0, 0], [1, 0], [0, 2], [1, 3]])
    )
    assert bucket_lengths.dtype == np.int32
    assert bucket_lengths.tolist() == [[16, 3], [16, 3], [32, 6], [37, 11]]


@pytest.mark.parametrize("count", [1, 12])
def test_examples_of_a_fixed_size_have_no_extents(count):
    images, labels = np.zeros((count, 5, 7, 1), np.uint8), np.arange(count)
    examples = Examples.of_fixed_size(images, labels)
    assert len(examples) == count
    assert examples.arrays[0] is images
    assert examples.arrays[1] is labels
    assert examples.bucket_lengths(np.zeros((3, 4), np.int32)).shape == (3, 0)


def test_the_rounding_of_lengths_changes_nothing(monkeypatch, pair_experiment, training, train):
    """A batch of pairs is what it is, however much padding is left on it."""
    experiment = pair_experiment(training(learning_rate=0.5, batch_size=15, batch_by_length=True))

    def trained(rounding: int) -> tuple[list[np.ndarray], float]:
        monkeypatch.setattr(module, "BUCKET_WIDTH", rounding)
        model = experiment.create_model()
        history, _ = train(experiment, model, validate=dict)
        return model.get_weights(), history[0]["train_loss"]

    weights, loss = trained(BUCKET_WIDTH)
    start = experiment.create_model().get_weights()
    assert any(np.abs(after - before).max() > 0.1 for before, after in zip(start, weights, strict=True))
    for rounding in (1, 7):
        others, other_loss = trained(rounding)
        for ours, theirs in zip(weights, others, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)
        assert other_loss == pytest.approx(loss, rel=1e-5)
