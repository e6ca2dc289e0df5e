"""The training loss of a classifier that has learned nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

TOLERANCE = 0.02
"""The largest relative difference from the loss of guessing at which a training loss counts as that loss."""

STUCK_EPOCHS = 2
"""The number of epochs in a row with this loss from which on a training counts as stuck."""


def loss_of_guessing(labels: np.ndarray, classes: int, smoothing: float, is_balanced: bool) -> float:
    """Return the smallest loss of a model that ignores its inputs: the entropy -sum_c p_c log p_c.

    p are the frequencies of the labels, or equal for each class that occurs if the loss is balanced. Label
    smoothing by e gives (1 - e) p_c + e / classes.
    """
    counts = np.bincount(labels, minlength=classes)
    weights = counts > 0 if is_balanced else counts
    targets = (1 - smoothing) * weights / weights.sum() + smoothing / classes
    targets = targets[targets > 0]
    return float(-(targets * np.log(targets)).sum())


def is_guessing(losses: Sequence[float], guessing: float) -> bool:
    """Return whether the training losses of the last epochs are those of a model that ignores its inputs.

    A training that passes this loss on its way down does not stay within the tolerance for so long.
    """
    last = losses[-STUCK_EPOCHS:]
    return len(last) == STUCK_EPOCHS and all(abs(loss - guessing) <= TOLERANCE * guessing for loss in last)
