"""The pictures of a classifier run, with their titles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from kzoo.data.images.image_set import ImageSet
from kzoo.errors import UsageError
from kzoo.metrics.classification import confusion_matrix
from kzoo.metrics.table import Metric
from kzoo.pictures.activations import activations, layer_activations
from kzoo.pictures.confusion import confusion
from kzoo.pictures.convolutions import find_convolution
from kzoo.pictures.curves import curves
from kzoo.pictures.figure import save
from kzoo.pictures.kernels import kernels, layer_kernels
from kzoo.pictures.mistakes import mistakes
from kzoo.pictures.title import folder_label, name_test_set, picture_title
from kzoo.training.run import RunFolder

if TYPE_CHECKING:
    from collections.abc import Sequence

    import keras


def draw_pictures(
    run: RunFolder, model: keras.Model, data: ImageSet, log_probabilities: np.ndarray, metric: Metric
) -> None:
    """Write curves, confusion matrix and mistakes to the run folder, and for a CNN activations and kernels.

    `log_probabilities` has the model's outputs for the test set. `metric` is the one that compares epochs.
    """
    import keras

    matrix = confusion_matrix(data.test.labels, log_probabilities.argmax(axis=-1), len(data.class_names))
    pictures = {
        "curves": curves({folder_label(run): run.history()}, metric),
        "confusion": draw_confusion(run, matrix, data.class_names),
        "mistakes": draw_mistakes(run, data, np.exp(log_probabilities)),
    }
    if any(isinstance(layer, keras.layers.Conv2D) for layer in model.layers):
        pictures["activations"] = draw_activations(run, model, *test_image(data, 0))
        pictures["kernels"] = draw_kernels(run, model)
    for name, figure in pictures.items():
        save(figure, run.path / f"{name}.png")


def draw_confusion(run: RunFolder, matrix: np.ndarray, class_names: Sequence[str]) -> Figure:
    """Draw the confusion matrix of the test set."""
    return confusion(matrix, class_names, title=picture_title(run, "confusion matrix", name_test_set(run)))


def draw_mistakes(run: RunFolder, data: ImageSet, probabilities: np.ndarray, most: int = 24) -> Figure:
    """Draw the `most` test images that the model misclassifies with the highest confidence."""
    title = picture_title(run, "mistakes", name_test_set(run))
    return mistakes(
        data.test.images, data.test.labels, probabilities, data.class_names, most=most, title=title
    )


def draw_activations(
    run: RunFolder, model: keras.Model, image: np.ndarray, source: str, layer: str | None = None
) -> Figure:
    """Draw the activation maps of a convolution for an image; `source` names the image in the title."""
    title = picture_title(run, f"activations of {find_convolution(model, layer).name}", source)
    return activations(image, layer_activations(model, image, layer), title=title)


def draw_kernels(run: RunFolder, model: keras.Model, layer: str | None = None) -> Figure:
    """Draw the kernels of a convolution."""
    title = picture_title(run, f"kernels of {find_convolution(model, layer).name}")
    return kernels(layer_kernels(model, layer), title=title)


def test_image(data: ImageSet, index: int) -> tuple[np.ndarray, str]:
    """Return an image of the test set, and its name for a title.

    Raises:
        UsageError: the test set has no image of that index.
    """
    if index >= len(data.test):
        raise UsageError(f"--index {index}: the test set has {len(data.test)} images, counted from 0")
    return data.test.images[index], f"test image {index} ({data.class_names[data.test.labels[index]]})"
