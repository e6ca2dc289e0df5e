"""Confusion matrices: which classes are predicted as which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from kzoo.pictures.figure import NONE_OF_THESE, SMALL_SIZE, TEXT_SIZE, colour_bar, new_figure, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_COUNTED = 12


def confusion(matrix: np.ndarray, class_names: Sequence[str], *, title: str = "") -> Figure:
    """Draw a confusion matrix, coloured by the share of each true class, with counts up to 12 classes.

    Args:
        matrix: counts, rows true and columns predicted, `(classes, classes)` or `(classes, classes + 1)`
            from `kzoo.metrics.classification.confusion_matrix`. The extra column is drawn, as
            "none of these", if it has any counts.
        class_names: the name of each class.
        title: the model and the split.
    """
    classes = len(class_names)
    if not matrix[:, classes:].any():
        matrix = matrix[:, :classes]
    columns = [*map(plain, class_names), NONE_OF_THESE][: matrix.shape[1]]
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)

    figure = new_figure(6.5, title)
    axes = figure.subplots()
    artist = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if classes <= _MOST_COUNTED:
        _write_counts(axes, matrix, shares)
    axes.set_xlabel("predicted class", fontsize=TEXT_SIZE)
    axes.set_ylabel("true class", fontsize=TEXT_SIZE)
    axes.set_xticks(range(len(columns)), columns, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(classes), columns[:classes])
    axes.tick_params(labelsize=SMALL_SIZE, length=0)
    axes.spines[:].set_visible(False)
    colour_bar(axes, artist, "share of the true class")
    return figure


def _write_counts(axes: Axes, matrix: np.ndarray, shares: np.ndarray) -> None:
    """Write the count into each cell, in white on dark cells."""
    for (row, column), count in np.ndenumerate(matrix):
        colour = "white" if shares[row, column] > 0.5 else "black"
        axes.text(column, row, str(count), color=colour, fontsize=SMALL_SIZE, ha="center", va="center")
