"""A small image set in memory, and small networks that have every kind of state."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest
from keras import layers

from kzoo import create_model
from kzoo.data.images import Split
from kzoo.data.own import read_own
from kzoo.recipe import TrainingSection


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
        return keras.Model(inputs, layers.Activation("log_softmax")(layers.Dense(units)(x)))

    return build


@pytest.fixture(scope="session")
def noise() -> Callable[[int], Split]:
    """`noise(count)` is a split of random images of 7x5 pixels and random labels of three classes."""

    def draw(count: int) -> Split:
        rng = np.random.default_rng(count)
        images = rng.integers(0, 256, (count, 7, 5, 1), dtype=np.uint8)
        return Split(images, rng.integers(0, 3, count, dtype=np.int32))

    return draw
