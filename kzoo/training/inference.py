"""A model's outputs for a whole set of images, its loss on a whole set of pairs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from kzoo.training.engines import engine
from kzoo.training.objective import scale_pixels, token_losses

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


def compile_token_loss(model: keras.Model) -> Callable[[np.ndarray, np.ndarray], float]:
    """`measure(source_ids, target_ids)`: the mean of -log p of all tokens after the first of each target.

    The ids are int32 `(count, length)`, padded with 0. Batches are filled up as above.
    """

    def sums(source_ids: np.ndarray, target_ids: np.ndarray) -> tuple[Any, Any]:
        inputs = {"source_ids": source_ids, "target_ids": target_ids[:, :-1]}
        losses, real = token_losses(target_ids[:, 1:], model(inputs, training=False))
        return keras.ops.sum(losses, axis=-1), keras.ops.sum(real, axis=-1)

    compiled = engine().compile_function(sums, model.variables)

    def measure(source_ids: np.ndarray, target_ids: np.ndarray) -> float:
        totals = np.zeros(2)
        for start in range(0, len(source_ids), BATCH):
            count = min(BATCH, len(source_ids) - start)
            rows = np.arange(BATCH) % count + start
            outputs = compiled(source_ids[rows], target_ids[rows])
            totals += [keras.ops.convert_to_numpy(output)[:count].sum(dtype=np.float64) for output in outputs]
        return float(totals[0] / totals[1])

    return measure
