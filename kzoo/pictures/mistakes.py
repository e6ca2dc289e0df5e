"""Pictures of the images that a classifier misclassified with the highest confidence."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from kzoo.pictures.figure import NONE_OF_THESE, SMALL_SIZE, new_figure, show_image, style_image

_COLUMNS = 6


def most_confident_mistakes(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return the indices of the misclassified examples, by falling probability of the predicted class.

    Args:
        labels: the true classes, `(examples,)`.
        probabilities: the outputs, `(examples, outputs)`; the most probable output is the prediction.
    """
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)
    return wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")]


def mistakes(
    images: np.ndarray,
    labels: np.ndarray,
    probabilities: np.ndarray,
    class_names: Sequence[str],
    *,
    most: int = 24,
    title: str = "",
) -> Figure:
    """Draw the most confident mistakes with their true class, predicted class and its probability.

    Args:
        images: `(examples, height, width, 1 or 3)`, uint8.
        labels: the true classes, `(examples,)`.
        probabilities: the outputs, `(examples, outputs)`; an output past the last class is "none of these".
        class_names: the name of each class.
        most: the maximum number of images.
        title: the model and the split.
    """
    wrong = most_confident_mistakes(labels, probabilities)
    drawn = wrong[:most]
    summary = f"{len(wrong):,} of {len(labels):,} images predicted wrong"
    if len(drawn) < len(wrong):
        summary += f", the {len(drawn)} most confident"
    rows = math.ceil(len(drawn) / _COLUMNS)
    figure = new_figure(1.63 * rows + 0.6, f"{title}\n{summary}" if title else summary)
    if rows == 0:
        return figure

    panels = figure.subplots(rows, _COLUMNS, squeeze=False).ravel()
    names = [*class_names, NONE_OF_THESE]
    for axes, example in zip(panels, drawn, strict=False):
        output = probabilities[example].argmax()
        true_name, predicted_name = names[labels[example]], names[min(output, len(class_names))]
        show_image(axes, images[example])
        style_image(axes, f"{true_name} →\n{predicted_name} ({probabilities[example, output]:.3f})")
        axes.title.set_fontsize(SMALL_SIZE)
    for axes in panels[len(drawn) :]:
        axes.set_axis_off()
    return figure
