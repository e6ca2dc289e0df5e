"""What a training step minimises: how a batch is taken from the resident arrays, and its loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

from kzoo.data.images import PIXEL_LEVELS

Tensor = Any


@dataclass(frozen=True)
class Objective:
    """`batch(arrays, rows) -> (inputs, targets)` and `loss(targets, outputs) -> scalar`, in `keras.ops`."""

    batch: Callable[[tuple[Tensor, ...], Tensor], tuple[Tensor, Tensor]]
    loss: Callable[[Tensor, Tensor], Tensor]


def scale_pixels(images: Tensor | np.ndarray) -> Tensor:
    """uint8 images as the models expect them: divided by 256, as the reports did."""
    return ops.cast(images, "float32") / PIXEL_LEVELS


def negative_log_likelihood(labels: Tensor, log_probabilities: Tensor) -> Tensor:
    """-1/B sum_b log p_b[y_b] for labels `(B,)` and log-probabilities `(B, classes)`."""
    return -ops.mean(ops.take_along_axis(log_probabilities, labels[:, None], axis=-1))


def token_negative_log_likelihood(targets: Tensor, log_probabilities: Tensor) -> Tensor:
    """The mean of -log p[y] over the tokens `(B, T)` that are not padding, 0."""
    losses = -ops.take_along_axis(log_probabilities, targets[..., None], axis=-1)[..., 0]
    real = ops.cast(ops.not_equal(targets, 0), losses.dtype)
    return ops.sum(losses * real) / ops.sum(real)


def _image_batch(arrays: tuple[Tensor, ...], rows: Tensor) -> tuple[Tensor, Tensor]:
    images, labels = arrays
    return scale_pixels(ops.take(images, rows, axis=0)), ops.take(labels, rows, axis=0)


IMAGE_CLASSIFICATION = Objective(_image_batch, negative_log_likelihood)
