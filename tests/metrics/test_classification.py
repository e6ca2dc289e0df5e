import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kzoo.metrics.classification import (
    accuracy,
    confusion_matrix,
    negative_log_likelihood,
    per_class,
    running_mean,
)

CLASSES = 5


@st.composite
def labels_and_predictions(draw):
    count = draw(st.integers(1, 40))
    labels = draw(arrays(np.int32, count, elements=st.integers(0, CLASSES - 1)))
    predictions = draw(arrays(np.int64, count, elements=st.integers(-2, CLASSES + 3)))
    return labels, predictions


def test_accuracy_by_hand():
    assert accuracy(np.array([2, 0, 1, 1]), np.array([2, 1, 1, 1])) == 0.75


def test_negative_log_likelihood_by_hand():
    log_probabilities = np.log([[0.5, 0.25, 0.25], [0.125, 0.75, 0.125]])
    assert negative_log_likelihood(np.array([0, 2]), log_probabilities) == pytest.approx(2 * np.log(2))


def test_negative_log_likelihood_of_a_uniform_guess_is_the_logarithm_of_the_outputs():
    log_probabilities = np.full((11, 7), -np.log(7), dtype=np.float32)
    assert negative_log_likelihood(np.arange(11) % 7, log_probabilities) == pytest.approx(np.log(7))


def test_negative_log_likelihood_keeps_its_digits_over_many_examples():
    log_probabilities = np.full((2_000_000, 1), -0.1, dtype=np.float32)
    loss = negative_log_likelihood(np.zeros(2_000_000, dtype=np.int32), log_probabilities)
    assert loss == pytest.approx(float(np.float32(0.1)), abs=1e-12)


def test_confusion_matrix_by_hand():
    labels, predictions = np.array([0, 0, 0, 1, 2, 2]), np.array([0, 1, 1, 1, 511, -1])
    expected = [[1, 2, 0, 0], [0, 1, 0, 0], [0, 0, 0, 2]]
    np.testing.assert_array_equal(confusion_matrix(labels, predictions, 3), expected)


def test_confusion_matrix_counts_small_integer_types_without_overflow():
    labels = np.full(300, 29, dtype=np.uint8)
    matrix = confusion_matrix(labels, labels, 30)
    assert matrix[29, 29] == matrix.sum() == 300


@given(labels_and_predictions())
def test_confusion_matrix_equals_the_loop(case):
    labels, predictions = case
    expected = np.zeros((CLASSES, CLASSES + 1), dtype=int)
    for label, prediction in zip(labels, predictions, strict=True):
        expected[label, prediction if 0 <= prediction < CLASSES else CLASSES] += 1
    np.testing.assert_array_equal(confusion_matrix(labels, predictions, CLASSES), expected)


@given(labels_and_predictions())
def test_confusion_matrix_holds_the_accuracy_and_the_support(case):
    labels, predictions = case
    matrix = confusion_matrix(labels, predictions, CLASSES)
    scores = per_class(matrix)
    assert np.trace(matrix) / matrix.sum() == pytest.approx(accuracy(labels, predictions))
    np.testing.assert_array_equal(scores.support, np.bincount(labels, minlength=CLASSES))
    assert scores.recall @ scores.support / len(labels) == pytest.approx(accuracy(labels, predictions))


@given(labels_and_predictions())
def test_per_class_equals_the_loop(case):
    labels, predictions = case
    scores = per_class(confusion_matrix(labels, predictions, CLASSES))
    for cls in range(CLASSES):
        right = sum((labels == cls) & (predictions == cls))
        predicted, support = sum(predictions == cls), sum(labels == cls)
        precision = right / predicted if predicted else 0
        recall = right / support if support else 0
        f1 = 2 * precision * recall / (precision + recall) if right else 0
        found = (scores.precision[cls], scores.recall[cls], scores.f1[cls], scores.support[cls])
        assert found == pytest.approx((precision, recall, f1, support))


def test_per_class_needs_no_extra_column():
    scores = per_class(np.array([[3, 1], [2, 4]]))
    assert scores.precision == pytest.approx([3 / 5, 4 / 5])
    assert scores.recall == pytest.approx([3 / 4, 4 / 6])


def test_running_mean_by_hand():
    assert running_mean(np.array([6.0, 2.0, 4.0]), np.array([2, 2, 1])) == pytest.approx([3, 2, 2.4])


@given(st.lists(st.lists(st.floats(0, 9), min_size=1, max_size=6), min_size=1, max_size=6))
def test_running_mean_is_the_mean_of_a_list_that_is_never_emptied(epochs):
    batches: list[float] = []
    expected = []
    for epoch in epochs:
        batches.extend(epoch)
        expected.append(np.mean(batches))
    sums, counts = np.array([sum(epoch) for epoch in epochs]), np.array([len(epoch) for epoch in epochs])
    assert running_mean(sums, counts) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("predictions", [np.zeros((3, 1), int), np.zeros(2, int)])
def test_shapes_that_would_broadcast_are_refused(predictions):
    with pytest.raises(ValueError, match="one value for each label"):
        accuracy(np.zeros(3, int), predictions)


def test_no_examples_are_refused():
    with pytest.raises(ValueError, match="at least one"):
        accuracy(np.zeros(0, int), np.zeros(0, int))


@pytest.mark.parametrize("label", [-1, 3])
def test_labels_outside_the_classes_are_refused(label):
    with pytest.raises(ValueError, match=r"labels in 0\.\.2"):
        confusion_matrix(np.array([0, label]), np.array([0, 0]), 3)
    with pytest.raises(ValueError, match=r"labels in 0\.\.2"):
        negative_log_likelihood(np.array([0, label]), np.zeros((2, 3)))
