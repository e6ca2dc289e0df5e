"""Image classification: its experiment, the figures of a split, predictions for image files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kzoo import registry
from kzoo.data.folders import read_image
from kzoo.data.images import ImageSet, Split
from kzoo.data.sources import load_image_set
from kzoo.errors import UsageError
from kzoo.experiment import Experiment
from kzoo.metrics.classification import accuracy, confusion_matrix, negative_log_likelihood, per_class
from kzoo.recipe import Recipe
from kzoo.reporting.figure import NONE_OF_THESE
from kzoo.reporting.pictures import draw_pictures
from kzoo.training.examples import Examples
from kzoo.training.inference import compile_predict
from kzoo.training.objective import Objective, image_classification
from kzoo.training.progress import Criterion
from kzoo.training.run import Checkpoint, RunFolder


@dataclass(frozen=True)
class ImageExperiment(Experiment):
    """A recipe that trains a classifier of images."""

    data: ImageSet

    NOUN = "images"
    DATA_KEYS = frozenset({"test_cut"})
    CRITERION = Criterion("accuracy", higher_is_better=True)
    FIGURES = ("accuracy",)

    @classmethod
    def load(cls, recipe: Recipe, name: str, *, data_dir: Path | None, require_data: bool) -> ImageSet:
        """The image set, in the shape that the model takes."""
        options = registry.check_options(recipe.model.name, recipe.model.options)
        return load_image_set(
            name,
            data_dir=data_dir,
            image_shape=tuple(options["input_shape"]),
            require_data=require_data,
            test_cut=recipe.data.test_cut,
        )

    @classmethod
    def fit_model(cls, recipe: Recipe, data: ImageSet, *, own_data: bool) -> Recipe:
        """`num_classes`, unless the recipe sets it, is that of the user's own set."""
        options = registry.check_options(recipe.model.name, recipe.model.options)
        classes = len(data.class_names)
        if own_data and "num_classes" not in recipe.model.options:
            return recipe.with_model_options(num_classes=classes)
        if options["num_classes"] < classes:
            raise UsageError(
                f"{recipe.data.name} has {classes} classes, the model {options['num_classes']} outputs: "
                f"--set model.num_classes={classes}"
            )
        return recipe

    def describe(self) -> dict[str, Any]:
        """The names of the classes."""
        return {"class_names": list(self.data.class_names)}

    def examples(self) -> Callable[[int], Examples]:
        """Images and labels, the same in every epoch."""
        examples = Examples.of_fixed_size(self.data.train.images, self.data.train.labels)
        return lambda epoch: examples

    def objective(self) -> Objective:
        """The negative log-likelihood."""
        return image_classification(self.recipe.training.label_smoothing)

    def validator(self, model: keras.Model) -> Callable[[], dict[str, float]]:
        """Loss and accuracy."""
        predict, validation = compile_predict(model), self.data.validation

        def validate() -> dict[str, float]:
            log_probabilities = predict(validation.images)
            return {
                "loss": negative_log_likelihood(validation.labels, log_probabilities),
                "accuracy": accuracy(validation.labels, log_probabilities.argmax(axis=-1)),
            }

        return validate

    def prepare_run(self, run: RunFolder) -> None:
        """An image model needs nothing beside its weights."""

    def conclude(self, model: keras.Model, run: RunFolder) -> dict[str, Any]:
        """The figures of the test set; curves, confusion matrix, mistakes, activation maps and kernels."""
        log_probabilities = compile_predict(model)(self.data.test.images)
        draw_pictures(run, model, self.data, log_probabilities)
        return evaluate_split(self.data.test, log_probabilities, self.data.class_names)

    def evaluate(self, run: RunFolder, checkpoint: Checkpoint | None, split: str) -> dict[str, Any]:
        """Measure a model of the run, the tested one if none is named, on a split, ready for JSON."""
        chosen = self.data.splits[split]
        log_probabilities = compile_predict(run.load_tested_model(checkpoint))(chosen.images)
        return {
            "run": str(run.path),
            "checkpoint": checkpoint or self.recipe.training.tested_epoch,
            "split": split,
            "data": self.describe_data(),
            **evaluate_split(chosen, log_probabilities, self.data.class_names),
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


def own_image(run: RunFolder, image: Path) -> tuple[np.ndarray, str]:
    """A user's image file as the run's model takes it, and what to call it."""
    return read_image(image, _input_shape(run.load_model("last"))), image.name


def _most_probable(probabilities: np.ndarray, names: list[str], top: int) -> list[dict[str, Any]]:
    order = np.argsort(-probabilities, kind="stable")[:top]
    return [
        {"class": names[i] if i < len(names) else NONE_OF_THESE, "probability": float(probabilities[i])}
        for i in order
    ]


def _input_shape(model: keras.Model) -> tuple[int, int, int]:
    height, width, channels = model.input_shape[1:]
    return height, width, channels
