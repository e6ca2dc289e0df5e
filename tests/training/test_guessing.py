"""The loss of guessing against its definition, and which trainings are stuck at it."""

from __future__ import annotations

import numpy as np
import pytest

from kzoo.training.guessing import is_guessing, loss_of_guessing
from kzoo.training.objective import balanced_class_weights

LABELS = np.array([0] * 5 + [2] * 3 + [3] * 11)
CLASSES = 6


@pytest.mark.parametrize("is_balanced", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_no_constant_prediction_has_a_smaller_loss(smoothing, is_balanced):
    weights = balanced_class_weights(LABELS)[LABELS] if is_balanced else np.ones(len(LABELS))

    def loss(p: np.ndarray) -> float:
        smoothed = -(1 - smoothing) * np.log(p[LABELS]) - smoothing * np.log(p).mean()
        return float((weights * smoothed).mean())

    found = loss_of_guessing(LABELS, CLASSES, smoothing, is_balanced)
    rng = np.random.default_rng(3)
    others = [loss(rng.dirichlet(np.ones(CLASSES))) for _ in range(300)]
    frequencies = np.bincount(LABELS, weights, CLASSES) / len(LABELS)
    best = (1 - smoothing) * frequencies + smoothing / CLASSES
    assert found == pytest.approx(loss(np.maximum(best, 1e-300)))
    assert found < min(others)


def test_with_equal_classes_it_is_the_logarithm_of_their_number():
    assert loss_of_guessing(np.arange(60) % 6, 512, 0.0, is_balanced=False) == pytest.approx(np.log(6))


@pytest.mark.parametrize(
    ("losses", "stuck"),
    [
        ([1.795, 1.792], True),
        ([1.795, 1.792, 1.41], False),
        ([1.1, 1.79, 1.80], True),  # it has collapsed
        ([1.792], False),  # one epoch does not tell
        ([1.795, 1.74], False),  # slowly, but it learns
        ([2.9, 1.79], False),  # on its way down
        ([4.2, 3.1], False),
    ],
)
def test_a_training_is_stuck_if_its_loss_stays_there_for_two_epochs(losses, stuck):
    assert is_guessing(losses, np.log(6)) is stuck
