"""What a trained model makes of images: figures of a split, predictions for image files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np

from kzoo import registry
from kzoo.data.folders import read_image
from kzoo.data.images import ImageSet, Split
from kzoo.data.sources import load_image_set
from kzoo.errors import DataError, UsageError
from kzoo.metrics.classification import accuracy, confusion_matrix, negative_log_likelihood, per_class
from kzoo.reporting.figure import NONE_OF_THESE
from kzoo.training.inference import compile_predict
from kzoo.training.run import Checkpoint, RunFolder


def evaluate(run: RunFolder, checkpoint: Checkpoint, split: str, data: ImageSet) -> dict[str, Any]:
    """Measure a run's model on a split of its data."""
    chosen = data.splits[split]
    log_probabilities = compile_predict(run.load_model(checkpoint))(chosen.images)
    return {
        "run": str(run.path),
        "checkpoint": checkpoint,
        "split": split,
        "data": describe_data(data),
        **evaluate_split(chosen, log_probabilities, data.class_names),
    }


def evaluate_split(
    split: Split, log_probabilities: np.ndarray, class_names: tuple[str, ...]
) -> dict[str, Any]:
    """Loss, accuracy, confusion matrix and the figures of each class, ready for JSON."""
    predictions = log_probabilities.argmax(axis=-1)
    matrix = confusion_matrix(split.labels, predictions, len(class_names))
    scores = per_class(matrix)
    return {
        "count": len(split),
        "loss": negative_log_likelihood(split.labels, log_probabilities),
        "accuracy": accuracy(split.labels, predictions),
        "classes": [
            {
                "name": name,
                "precision": float(scores.precision[i]),
                "recall": float(scores.recall[i]),
                "f1": float(scores.f1[i]),
                "support": int(scores.support[i]),
            }
            for i, name in enumerate(class_names)
        ],
        "confusion_matrix": matrix.tolist(),
    }


def predict(run: RunFolder, checkpoint: Checkpoint, images: list[Path], top: int) -> list[dict[str, Any]]:
    """The `top` most probable classes of image files, ready for JSON."""
    model = run.load_model(checkpoint)
    names = run.environment()["data"]["class_names"]
    pixels = np.stack([read_image(path, _input_shape(model)) for path in images])
    probabilities = np.exp(compile_predict(model)(pixels))
    return [
        {"image": str(path), "predictions": _most_probable(row, names, top)}
        for path, row in zip(images, probabilities, strict=True)
    ]


def example_image(
    run: RunFolder, index: int, image: Path | None, data_dir: Path | None
) -> tuple[np.ndarray, str]:
    """A user's image file as the model takes it, or an image of the run's test set, and what to call it."""
    if image is not None:
        return read_image(image, _input_shape(run.load_model("last"))), image.name
    data = load_run_data(run, data_dir)
    if index >= len(data.test):
        raise UsageError(f"--index {index}: the test set has {len(data.test)} images, counted from 0")
    return data.test.images[index], f"test image {index} ({data.class_names[data.test.labels[index]]})"


def load_run_data(run: RunFolder, data_dir: Path | None = None) -> ImageSet:
    """The data that a run was trained on.

    Raises:
        DataError: what is found now is not what the run was trained on.
    """
    recipe, before = run.recipe(), run.environment()["data"]
    place = Path(before["location"])
    found_before = None if before["stand_in"] or not place.exists() else place
    name = before["name"] if before["stand_in"] else recipe.data.name
    shape = registry.check_options(recipe.model.name, recipe.model.options)["input_shape"]
    data = load_image_set(
        name, data_dir=data_dir or found_before, image_shape=tuple(shape), test_cut=recipe.data.test_cut
    )
    if data.sha256() != before["sha256"]:
        raise DataError(
            f"{data.origin.location} is not the {name} that {run.path} was trained on ({place}): "
            "name the folder that holds it with --data-dir"
        )
    return data


def describe_data(data: ImageSet) -> dict[str, Any]:
    """Where the data are from, how many there are, and the hash of every pixel and label."""
    return {
        "name": data.origin.name,
        "location": data.origin.location,
        "stand_in": data.origin.stand_in,
        "sizes": {name: len(split) for name, split in data.splits.items()},
        "class_names": list(data.class_names),
        "sha256": data.sha256(),
    }


def _most_probable(probabilities: np.ndarray, names: list[str], top: int) -> list[dict[str, Any]]:
    order = np.argsort(-probabilities, kind="stable")[:top]
    return [
        {"class": names[i] if i < len(names) else NONE_OF_THESE, "probability": float(probabilities[i])}
        for i in order
    ]


def _input_shape(model: keras.Model) -> tuple[int, int, int]:
    height, width, channels = model.input_shape[1:]
    return height, width, channels
