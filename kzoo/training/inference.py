"""Batched inference: a model's outputs for a set of images and its loss on a set of sequences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from kzoo.inputs import TARGET, source_input
from kzoo.training.engines import engine
from kzoo.training.objective import TokenLosses, scale_pixels
from kzoo.training.sources import Sources

BATCH = 250

Predict = Callable[[np.ndarray], np.ndarray]


def compile_predict(model: keras.Model) -> Predict:
    """Return `predict(images)`, which computes the log-probabilities of the classes of images.

    The images are uint8 `(count, h, w, c)`, the log-probabilities float32 `(count, classes)`. The batch size
    bounds the memory. The last batch is filled up with its first image, so that each backend compiles one
    shape; the outputs of the filling are dropped.
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


def compile_token_loss(model: keras.Model, token_losses: TokenLosses) -> Callable[..., float]:
    """Return `measure(sources, target_ids, owners)`, the mean loss of all target tokens except the first.

    The ids are int32 `(count, length)`, padded with 0. Target i belongs to source `owners[i]`, or to source i
    if `owners` is None. The last batch is filled up, so that each backend compiles one shape.
    """
    name = source_input(model)

    def sums(sources: np.ndarray, target_ids: np.ndarray) -> tuple[Any, Any]:
        inputs = {name: sources, TARGET: target_ids[:, :-1]}
        losses, real = token_losses(target_ids[:, 1:], model(inputs, training=False))
        return keras.ops.sum(losses, axis=-1), keras.ops.sum(real, axis=-1)

    compiled = engine().compile_function(sums, model.variables)

    def measure(sources: Sources, target_ids: np.ndarray, owners: np.ndarray | None = None) -> float:
        owners = np.arange(len(target_ids)) if owners is None else owners
        longest, totals = int(sources.lengths.max()), np.zeros(2)
        for start in range(0, len(target_ids), sources.batch):
            count = min(sources.batch, len(target_ids) - start)
            rows = np.arange(sources.batch) % count + start
            outputs = compiled(sources.take(owners[rows], longest), target_ids[rows])
            totals += [keras.ops.convert_to_numpy(output)[:count].sum(dtype=np.float64) for output in outputs]
        return float(totals[0] / totals[1])

    return measure
