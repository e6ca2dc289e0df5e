"""Image classification: the experiment and its metrics on a split."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shlex import quote
from typing import Any

import keras
import numpy as np

from kzoo.data.images.image_set import ImageSet, Split
from kzoo.data.images.load import load_image_set
from kzoo.decoding.options import Decoding
from kzoo.errors import UsageError
from kzoo.metrics.classification import accuracy, confusion_matrix, negative_log_likelihood, per_class
from kzoo.pictures.classifier_run import draw_pictures
from kzoo.pictures.figure import NONE_OF_THESE
from kzoo.recipe import Recipe, list_recipes
from kzoo.tasks import options_of
from kzoo.tasks.experiment import Evaluation, Experiment
from kzoo.training.augmentation import Operation, draw_epoch
from kzoo.training.augmentation.images import CutMix, Mixup, image_mixing, image_operations
from kzoo.training.examples import Examples
from kzoo.training.guessing import is_guessing, loss_of_guessing
from kzoo.training.inference import compile_predict
from kzoo.training.initial import Labels
from kzoo.training.objective import (
    Objective,
    balanced_class_weights,
    image_classification,
    mixed_image_classification,
)
from kzoo.training.run import RunFolder

BEST = "cnn-bn-best"
"""The recipe to try on a user's own images that another one does not learn."""


@dataclass(frozen=True)
class ImageExperiment(Experiment):
    """An experiment that trains an image classifier."""

    data: ImageSet

    NOUN = "images"
    TRAINING_KEYS = frozenset({"class_weights"})
    DATA_KEYS = frozenset({"test_cut"})
    AUGMENTATION_KEYS = frozenset(
        {"shift", "flip", "rotation", "crop", "colour", "cutout", "mixup", "cutmix"}
    )
    METRICS = ("accuracy",)

    @classmethod
    def load(
        cls, recipe: Recipe, *, data_dir: Path | None, require_data: bool, stand_in: str | None
    ) -> ImageSet:
        """Load the image set of a recipe, in the input shape of its model."""
        options = options_of(recipe)
        return load_image_set(
            recipe.data.name,
            data_dir=data_dir,
            image_shape=tuple(options["input_shape"]),
            stand_in=stand_in,
            require_data=require_data,
            test_cut=recipe.data.test_cut,
        )

    @classmethod
    def fit_model(cls, recipe: Recipe, data: ImageSet) -> Recipe:
        """Return the recipe with the `num_classes` of a user's own data set, unless the recipe sets it."""
        options = options_of(recipe)
        classes = len(data.class_names)
        if recipe.data.own and "num_classes" not in recipe.model.options:
            return recipe.with_model_options(num_classes=classes)
        if options["num_classes"] < classes:
            raise UsageError(
                f"{recipe.data.name} has {classes} classes, the model has {options['num_classes']} outputs: "
                f"--set model.num_classes={classes}"
            )
        return recipe

    @property
    def labels(self) -> Labels:
        """The class names."""
        return {"num_classes": self.data.class_names}

    def describe(self) -> dict[str, Any]:
        """Return the class names."""
        return {"class_names": list(self.data.class_names)}

    def examples(self) -> Callable[[int], Examples]:
        """Return the training images and labels, and what is drawn for their augmentation in each epoch."""
        images, labels = self.data.train.images, self.data.train.labels
        operations: list[Operation] = [*self.operations, *([self.mixing] if self.mixing else [])]
        draws = partial(draw_epoch, operations, len(labels), self.recipe.training.seed)
        return lambda epoch: Examples.of_fixed_size(images, labels, *draws(epoch))

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The augmentation of single images."""
        return image_operations(self.recipe.augmentation, *self.data.train.images.shape[1:3])

    @property
    def mixing(self) -> Mixup | CutMix | None:
        """The augmentation that mixes two images and their labels, if any."""
        return image_mixing(self.recipe.augmentation, *self.data.train.images.shape[1:3])

    def objective(self) -> Objective:
        """Return the training objective: the negative log-likelihood of the labels."""
        training, weights = self.recipe.training, None
        if training.class_weights == "balanced":
            weights = balanced_class_weights(self.data.train.labels)
        if self.mixing is None:
            return image_classification(training.label_smoothing, weights, self.operations)
        return mixed_image_classification(self.mixing, training.label_smoothing, weights, self.operations)

    def validator(self, model: keras.Model) -> Callable[[], dict[str, float]]:
        """Return a function that measures loss and accuracy on the validation set."""
        predict, validation = compile_predict(model), self.data.validation

        def validate() -> dict[str, float]:
            log_probabilities = predict(validation.images)
            return {
                "loss": negative_log_likelihood(validation.labels, log_probabilities),
                "accuracy": accuracy(validation.labels, log_probabilities.argmax(axis=-1)),
            }

        return validate

    def warning(self, history: Sequence[dict[str, float]]) -> str | None:
        """Return a warning if the training loss is still that of guessing, with what to try, else None."""
        training = self.recipe.training
        options = options_of(self.recipe)
        guessing = loss_of_guessing(
            self.data.train.labels,
            options["num_classes"],
            training.label_smoothing,
            is_balanced=training.class_weights == "balanced",
        )
        if not is_guessing([row["train_loss"] for row in history], guessing):
            return None
        advice = f"another learning rate than {training.learning_rate:g}"
        if training.optimizer != "adam":
            advice += ", or Adam: --set training.optimizer=adam --lr 0.001"
        if self.recipe.data.own and BEST in list_recipes() and self.recipe.name != BEST:
            advice = f"kzoo train {BEST} --data {quote(self.recipe.data.name)}"
        return (
            f"nothing is learned so far: the training loss after epoch {history[-1]['epoch']}, "
            f"{history[-1]['train_loss']:.4f}, is that of guessing ({guessing:.4f}): try {advice}"
        )

    def prepare_run(self, run: RunFolder) -> None:
        """Do nothing: a classifier needs no files besides its weights."""

    def test_and_report(self, model: keras.Model, run: RunFolder) -> dict[str, Any]:
        """Return the test metrics; draw curves, confusion matrix, mistakes, activation maps and kernels."""
        log_probabilities = compile_predict(model)(self.data.test.images)
        draw_pictures(run, model, self.data, log_probabilities, self.criterion)
        return evaluate_split(self.data.test, log_probabilities, self.data.class_names)

    def evaluate(
        self, models: Sequence[keras.Model], split: str, decoding: Decoding | None = None
    ) -> Evaluation:
        """Measure loss, accuracy, confusion matrix and the metrics of each class on a split."""
        (model,), chosen = models, self.data.splits[split]
        log_probabilities = compile_predict(model)(chosen.images)
        metrics = {
            "split": split,
            "data": self.describe_data(),
            **evaluate_split(chosen, log_probabilities, self.data.class_names),
        }
        return Evaluation(metrics, _hypotheses(chosen.labels, log_probabilities, self.data.class_names))


def _hypotheses(
    labels: np.ndarray, log_probabilities: np.ndarray, class_names: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the most probable class of each image as a hypothesis, with distance 0 if correct, else 1."""
    names = [*class_names, NONE_OF_THESE]
    best = log_probabilities.argmax(axis=-1)
    return [
        {
            "index": index,
            "rank": 0,
            "references": [names[label]],
            "hypothesis": names[min(guess, len(class_names))],
            "score": float(log_probabilities[index, guess]),
            "distance": int(guess != label),
        }
        for index, (label, guess) in enumerate(zip(labels.tolist(), best.tolist(), strict=True))
    ]


def evaluate_split(
    split: Split, log_probabilities: np.ndarray, class_names: tuple[str, ...]
) -> dict[str, Any]:
    """Compute loss, accuracy, confusion matrix and the metrics of each class, ready for JSON."""
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
