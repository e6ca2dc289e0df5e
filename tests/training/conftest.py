"""Small sets in memory, experiments on them, and small networks that have every kind of state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from kzoo import create_model
from kzoo.data.images.image_set import ImageSet, Split
from kzoo.data.images.own import read_own
from kzoo.data.origin import Origin
from kzoo.data.pairs.pair_set import PairSet, PairSplit
from kzoo.data.row_filter import DroppedRows
from kzoo.recipe import AugmentationSection, Recipe, TrainingSection
from kzoo.tasks.experiment import Experiment
from kzoo.tasks.images import ImageExperiment
from kzoo.tasks.pairs import PairExperiment
from kzoo.training.loop import Listener, fit
from kzoo.training.progress import Progress

ORIGIN = Origin("small", "memory", stand_in=False)


@pytest.fixture(scope="session")
def trees(own_images) -> dict[str, Split]:
    """The splits of the small set."""
    return read_own(own_images).splits


@pytest.fixture(scope="session")
def training() -> Callable[..., TrainingSection]:
    """`training(epochs=2)` is a section of a recipe, in batches of which 24 or 60 images fill each."""
    return lambda **values: TrainingSection(
        **{"learning_rate": 0.03, "epochs": 1, "batch_size": 12, **values}
    )


@pytest.fixture(scope="session")
def image_experiment() -> Callable[..., ImageExperiment]:
    """`image_experiment(training, data, validation)` trains on one split and validates on another.

    Further arguments are keys of the augmentation section.
    """

    def build(
        training: TrainingSection,
        data: Split,
        validation: Split | None = None,
        precision: str = "float32",
        **augmentation: Any,
    ) -> ImageExperiment:
        validation = data if validation is None else validation
        names = tuple(f"class {label}" for label in range(1 + data.labels.max()))
        image_set = ImageSet(data, validation, validation, names, origin=ORIGIN)
        recipe = _recipe({"name": "tiny-cnn"}, training, precision)
        changes = AugmentationSection(**augmentation)
        return ImageExperiment(recipe.model_copy(update={"augmentation": changes}), image_set)

    return build


@pytest.fixture(scope="session")
def pair_experiment() -> Callable[..., PairExperiment]:
    """`pair_experiment(training)` is on 30 pairs of noise with `nmt-bilinear` without dropout.

    Their sources have 1 to 9 tokens, their targets 1 to 6, with the end 7.
    """

    def build(training: TrainingSection, precision: str = "float32") -> PairExperiment:
        rng = np.random.default_rng(5)
        lengths = [(9, 6), *rng.integers(1, (10, 7), (43, 2)).tolist()]
        pairs = [(tuple(rng.choice(list("abcde"), m)), tuple(rng.choice(list("xyz"), n))) for m, n in lengths]
        splits = (PairSplit.of(pairs[place]) for place in (slice(30), slice(30, 37), slice(37, 44)))
        pair_set = PairSet(*splits, ("characters", "characters"), DroppedRows({}, ()), origin=ORIGIN)
        recipe = _recipe({"name": "nmt-bilinear", "units": 6, "dropout": 0.0}, training, precision)
        return PairExperiment(PairExperiment.fit_model(recipe, pair_set), pair_set)

    return build


def _recipe(model: dict[str, Any], training: TrainingSection, precision: str) -> Recipe:
    runtime = {"precision": precision}
    sections = {"model": model, "data": {"name": "small"}, "training": training, "runtime": runtime}
    return Recipe.model_validate({"name": "small", **sections})


@pytest.fixture(scope="session")
def train() -> Callable[..., tuple[list[dict[str, float]], list[tuple[int, int, int]]]]:
    """`train(experiment, model)` gives the rows of the history and the reports of progress.

    With `validate` that is done after each epoch in place of the experiment's own validation.
    """

    def run(
        experiment: Experiment, model: keras.Model, validate: Callable[[], dict[str, float]] | None = None
    ) -> tuple[list, list]:
        optimizer = experiment.create_optimizer(model)
        rows, reports = [], []
        listener = Listener(lambda *report: reports.append(report), rows.append)
        parts = experiment.objective(), experiment.recipe.training, experiment.examples()
        validate = validate or experiment.validator(model)
        fit(model, optimizer, *parts, validate, experiment.criterion, Progress(), listener)
        return rows, reports

    return run


@pytest.fixture(scope="session")
def small_model() -> Callable[..., keras.Model]:
    """`small_model(seed)` is the smallest network of the zoo."""
    return lambda seed=1, filters=4: create_model(
        "tiny-cnn", seed=seed, input_shape=(28, 28, 1), num_classes=4, filters=filters
    )


@pytest.fixture(scope="session")
def stateful_model() -> Callable[..., keras.Model]:
    """`stateful_model(seed)` has batch normalisation and two dropouts, for images of 7x5 pixels."""

    def build(seed: int = 1, units: int = 3) -> keras.Model:
        keras.utils.set_random_seed(seed)
        inputs = keras.Input((7, 5, 1))
        x = layers.Dropout(0.25, seed=0)(layers.Flatten()(inputs))
        x = layers.BatchNormalization(momentum=0.5)(layers.Dense(11)(x))
        x = layers.Dropout(0.5, seed=0)(layers.ReLU()(x))
        return keras.Model(inputs, layers.Activation("log_softmax", dtype="float32")(layers.Dense(units)(x)))

    return build


@pytest.fixture(scope="session")
def noise() -> Callable[[int], Split]:
    """`noise(count)` is a split of random images of 7x5 pixels and random labels of three classes."""

    def draw(count: int) -> Split:
        rng = np.random.default_rng(count)
        images = rng.integers(0, 256, (count, 7, 5, 1), dtype=np.uint8)
        return Split(images, rng.integers(0, 3, count, dtype=np.int32))

    return draw
