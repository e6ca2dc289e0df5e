"""Metrics of classifiers, computed from labels and outputs.

N examples have labels y_i in 0..C-1 and predictions p_i. Shapes are `(examples,)` unless said otherwise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

_Z = 1.959964
"""The 97.5 % quantile of the standard normal distribution, which bounds 95 % of it on both sides."""


def accuracy(labels: np.ndarray, predictions: np.ndarray) -> float:
    """Return the fraction of examples predicted right: |{i : p_i = y_i}| / N.

    Raises:
        ValueError: the shapes differ, or there is no example.
    """
    _require_one_for_each(labels, predictions)
    return float(np.mean(labels == predictions))


def accuracy_interval(accuracy: float, count: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval (1927) for the accuracy on N other examples of the same kind.

    With z = 1.96: (p + z^2/2N +- z sqrt(p (1 - p)/N + z^2/4N^2)) / (1 + z^2/N).

    Raises:
        ValueError: there is no example.
    """
    if count < 1:
        raise ValueError("expected at least one example, got none")
    square = _Z**2 / count
    middle = (accuracy + square / 2) / (1 + square)
    half = math.sqrt(accuracy * (1 - accuracy) * square + square**2 / 4) / (1 + square)
    return middle - half, middle + half


def negative_log_likelihood(labels: np.ndarray, log_probabilities: np.ndarray) -> float:
    """Return the mean negative log-likelihood of the true class in nats: -1/N sum_i log q_i[y_i].

    Args:
        labels: the true classes.
        log_probabilities: natural logarithms log q_i, `(examples, outputs)`.

    Raises:
        ValueError: the shapes differ, there is no example, or a label is not one of the outputs.
    """
    _require_one_for_each(labels, log_probabilities[:, 0])
    _require_labels_below(log_probabilities.shape[1], labels)
    return -float(np.mean(log_probabilities[np.arange(len(labels)), labels], dtype=np.float64))


def confusion_matrix(labels: np.ndarray, predictions: np.ndarray, num_classes: int) -> np.ndarray:
    """Count the examples by true class (rows) and predicted class (columns).

    M[a, b] = |{i : y_i = a, p_i = b}|. A network may have more outputs than there are classes. Predictions
    outside 0..C-1 are counted in an extra last column, which is always present.

    Returns:
        Counts `(num_classes, num_classes + 1)`, int64.

    Raises:
        ValueError: the shapes differ, there is no example, or a label is outside 0..num_classes-1.
    """
    _require_one_for_each(labels, predictions)
    _require_labels_below(num_classes, labels)
    is_class = (predictions >= 0) & (predictions < num_classes)
    columns = np.where(is_class, predictions, num_classes)
    matrix = np.zeros((num_classes, num_classes + 1), dtype=np.int64)
    np.add.at(matrix, (labels, columns), 1)
    return matrix


@dataclass(frozen=True)
class PerClass:
    """The precision, recall, F1 and number of examples of every class, each `(classes,)`."""

    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    support: np.ndarray


def per_class(matrix: np.ndarray) -> PerClass:
    """Compute the scores of each class c from a confusion matrix M, with or without its extra column.

    Precision is M[c, c] / sum_a M[a, c], recall M[c, c] / sum_b M[c, b], F1 their harmonic mean,
    2 M[c, c] / (sum_a M[a, c] + sum_b M[c, b]), and support sum_b M[c, b]. 0/0 counts as 0: a class that
    is never predicted has precision 0, one without examples recall 0.
    """
    right = np.diagonal(matrix)
    predicted = matrix[:, : len(matrix)].sum(axis=0)
    support = matrix.sum(axis=1)
    return PerClass(
        precision=_ratio(right, predicted),
        recall=_ratio(right, support),
        f1=_ratio(2 * right, predicted + support),
        support=support,
    )


def running_mean(epoch_loss_sums: np.ndarray, epoch_batches: np.ndarray) -> np.ndarray:
    """Return the reports' training loss: at epoch e, the mean over all batches of epochs 1..e.

    R_e = sum_{k<=e} S_k / sum_{k<=e} B_k. In the reports the list of batch losses was never emptied between
    epochs (R000-R004, question 2), so R_e lags behind the epoch's own mean S_e / B_e.

    Args:
        epoch_loss_sums: S_e, the sum of the batch losses of each epoch, `(epochs,)`.
        epoch_batches: B_e, the number of batches of each epoch, `(epochs,)`.
    """
    return np.cumsum(epoch_loss_sums, dtype=np.float64) / np.cumsum(epoch_batches)


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    return np.divide(numerator, denominator, out=np.zeros(len(numerator)), where=denominator > 0)


def _require_one_for_each(labels: np.ndarray, values: np.ndarray) -> None:
    if labels.ndim != 1 or labels.shape != values.shape:
        raise ValueError(f"expected one value for each label, got {values.shape} for {labels.shape}")
    if len(labels) == 0:
        raise ValueError("expected at least one example, got none")


def _require_labels_below(num_classes: int, labels: np.ndarray) -> None:
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError(f"expected labels in 0..{num_classes - 1}, got {labels.min()}..{labels.max()}")
