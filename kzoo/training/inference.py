"""A model's outputs for a whole set of images."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np

from kzoo.training.engines import engine
from kzoo.training.objective import scale_pixels

BATCH = 250

Predict = Callable[[np.ndarray], np.ndarray]


def compile_predict(model: keras.Model) -> Predict:
    """`predict(images)`: uint8 images `(count, h, w, c)` to log-probabilities `(count, classes)` in float32.

    The batch size bounds the memory. The last batch is filled up with its first image, so that each backend
    compiles one shape; the filling is cut off again.
    """
    forward = engine().compile_function(lambda inputs: model(inputs, training=False), model.variables)

    def predict(images: np.ndarray) -> np.ndarray:
        outputs = []
        for start in range(0, len(images), BATCH):
            batch = images[start : start + BATCH]
            filled = np.concatenate([batch, np.repeat(batch[:1], BATCH - len(batch), axis=0)])
            outputs.append(keras.ops.convert_to_numpy(forward(scale_pixels(filled)))[: len(batch)])
        return np.concatenate(outputs)

    return predict
