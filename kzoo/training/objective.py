"""What a training step minimises: how a batch is taken from the resident arrays, and its loss."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from keras import ops

from kzoo.data.images.image_set import PIXEL_LEVELS
from kzoo.decoding.adapter import TARGET
from kzoo.types import Tensor


@dataclass(frozen=True)
class Objective:
    """A batch, `batch(arrays, rows, bucket_lengths) -> (inputs, targets)`, and its `loss(targets, outputs)`.

    Both in `keras.ops`. `bucket_lengths` are the lengths to which the sequences of the batch are cut.
    """

    batch: Callable[[Sequence[Tensor], Tensor, Sequence[Tensor | int]], tuple[Any, Tensor]]
    loss: Callable[[Tensor, Tensor], Tensor]


def image_classification(label_smoothing: float = 0.0) -> Objective:
    """From images and labels, the negative log-likelihood."""
    return Objective(_image_batch, partial(negative_log_likelihood, smoothing=label_smoothing))


def transduction(source: str, label_smoothing: float = 0.0) -> Objective:
    """From sequences and target ids (with start and end), the negative log-likelihood of each next token.

    `source` is the name of the model's input for the sequences.
    """
    loss = partial(token_negative_log_likelihood, smoothing=label_smoothing)
    return Objective(partial(_sequence_batch, source), loss)


def captioning(source: str, label_smoothing: float = 0.0) -> Objective:
    """The same from images or what was made of them, target ids, and the image that each target is about."""
    loss = partial(token_negative_log_likelihood, smoothing=label_smoothing)
    return Objective(partial(_caption_batch, source), loss)


def scale_pixels(images: Tensor | np.ndarray) -> Tensor:
    """uint8 images as the models expect them: divided by 256, as the reports did."""
    return ops.cast(images, "float32") / PIXEL_LEVELS


def negative_log_likelihood(labels: Tensor, log_probabilities: Tensor, smoothing: float = 0.0) -> Tensor:
    """-1/B sum_b log p_b[y_b] for labels `(B,)` and log-probabilities `(B, classes)`.

    With a smoothing e (Szegedy et al., 2016, arXiv 1512.00567, 7) the label has the probability 1 - e, and
    e is spread over all classes, the label's among them.
    """
    return ops.mean(_losses(labels, log_probabilities, smoothing))


def token_negative_log_likelihood(
    targets: Tensor, log_probabilities: Tensor, smoothing: float = 0.0
) -> Tensor:
    """The mean of -log p[y] over the tokens `(B, T)` that are not padding, 0; smoothed as above."""
    losses, real = token_losses(targets, log_probabilities, smoothing)
    return ops.sum(losses) / ops.sum(real)


def token_losses(targets: Tensor, log_probabilities: Tensor, smoothing: float = 0.0) -> tuple[Tensor, Tensor]:
    """-log p[y] of each token `(B, T)`, 0 for padding, and 1 for each token that is not padding."""
    losses = _losses(targets, log_probabilities, smoothing)
    real = ops.cast(ops.not_equal(targets, 0), losses.dtype)
    return losses * real, real


def _losses(labels: Tensor, log_probabilities: Tensor, smoothing: float) -> Tensor:
    losses = -ops.take_along_axis(log_probabilities, labels[..., None], axis=-1)[..., 0]
    if smoothing == 0:
        return losses
    return (1 - smoothing) * losses - smoothing * ops.mean(log_probabilities, axis=-1)


def _image_batch(
    arrays: Sequence[Tensor], rows: Tensor, bucket_lengths: Sequence[Tensor | int]
) -> tuple[Tensor, Tensor]:
    images, labels = arrays
    return scale_pixels(ops.take(images, rows, axis=0)), ops.take(labels, rows, axis=0)


def _sequence_batch(
    source: str, arrays: Sequence[Tensor], rows: Tensor, bucket_lengths: Sequence[Tensor | int]
) -> tuple[dict[str, Tensor], Tensor]:
    sources, targets = (ops.take(array, rows, axis=0) for array in arrays)
    source_length, target_length = bucket_lengths
    before, after = _shift(targets, target_length)
    return {source: sources[:, :source_length], TARGET: before}, after


def _caption_batch(
    source: str, arrays: Sequence[Tensor], rows: Tensor, bucket_lengths: Sequence[Tensor | int]
) -> tuple[dict[str, Tensor], Tensor]:
    images, targets, owners = arrays
    before, after = _shift(ops.take(targets, rows, axis=0), *bucket_lengths)
    about = ops.take(images, ops.take(owners, rows, axis=0), axis=0)
    return {source: scale_pixels(about) if source == "image" else about, TARGET: before}, after


def _shift(targets: Tensor, length: Tensor | int) -> tuple[Tensor, Tensor]:
    """The tokens before each position, and the tokens there."""
    return targets[:, :length], targets[:, 1 : length + 1]
