"""The pictures of a run folder, drawn when it has been trained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kzoo.data.images import ImageSet
from kzoo.metrics.classification import confusion_matrix
from kzoo.metrics.table import Metric
from kzoo.reporting.activations import activations, layer_activations
from kzoo.reporting.confusion import confusion
from kzoo.reporting.curves import History, curves
from kzoo.reporting.figure import save
from kzoo.reporting.kernels import kernels, layer_kernels
from kzoo.reporting.mistakes import mistakes

if TYPE_CHECKING:
    import keras


def draw_pictures(
    folder: Path,
    model: keras.Model,
    data: ImageSet,
    log_probabilities: np.ndarray,
    history: History,
    metric: Metric,
    title: str,
) -> None:
    """Write curves, confusion matrix and mistakes, and a convolutional model's activation maps, kernels."""
    import keras

    labels, images = data.test.labels, data.test.images
    matrix = confusion_matrix(labels, log_probabilities.argmax(axis=-1), len(data.class_names))
    save(curves({title: history}, metric), folder / "curves.png")
    save(confusion(matrix, data.class_names, title=title), folder / "confusion.png")
    save(
        mistakes(images, labels, np.exp(log_probabilities), data.class_names, title=title),
        folder / "mistakes.png",
    )
    if any(isinstance(layer, keras.layers.Conv2D) for layer in model.layers):
        save(
            activations(images[0], layer_activations(model, images[0]), title=title),
            folder / "activations.png",
        )
        save(kernels(layer_kernels(model), title=title), folder / "kernels.png")
