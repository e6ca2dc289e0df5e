"""Training objectives: how a batch is gathered from the arrays on the device, and its loss."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from keras import ops

from kzoo.data.images.image_set import PIXEL_LEVELS
from kzoo.inputs import TARGET
from kzoo.training.augmentation import Operation, apply
from kzoo.training.augmentation.images import CutMix, Mixup, partners
from kzoo.types import Tensor


@dataclass(frozen=True)
class Objective:
    """The objective of a training step: a batch function and a loss function, both in `keras.ops`.

    `batch(arrays, rows, bucket_lengths) -> (inputs, targets)` gathers a batch; `bucket_lengths` are the
    lengths to which its sequences are cut. `loss(targets, outputs)` is the loss of the batch.
    """

    batch: Callable[[Sequence[Tensor], Tensor, Sequence[Tensor | int]], tuple[Any, Any]]
    loss: Callable[[Any, Tensor], Tensor]


TokenLosses = Callable[[Tensor, Any], tuple[Tensor, Tensor]]
"""A function from targets `(B, T)` and outputs to the losses of the tokens and the padding mask, `(B, T)`."""


def image_classification(
    label_smoothing: float = 0.0,
    class_weights: np.ndarray | None = None,
    operations: Sequence[Operation] = (),
) -> Objective:
    """Return the objective of image classifiers: the negative log-likelihood of the labels.

    The arrays are images, labels and the draws of each of the `operations`, which augment the images. Each
    image's loss is multiplied by the weight of its label, if `class_weights` `(classes,)` are given.
    """
    loss = partial(negative_log_likelihood, smoothing=label_smoothing, class_weights=class_weights)
    return Objective(partial(_image_batch, operations), loss)


def balanced_class_weights(labels: np.ndarray) -> np.ndarray:
    """Return n / (k n_c) for each class c up to the last label, float32, so that all weigh the same.

    n is the number of labels, n_c those of class c, and k the number of classes that occur. The mean weight
    of the labels is 1. A class that does not occur has weight 0.
    """
    counts = np.bincount(labels)
    occurs = counts > 0
    weights = np.zeros(len(counts), "float32")
    weights[occurs] = len(labels) / (occurs.sum() * counts[occurs])
    return weights


def mixed_image_classification(
    mixing: Mixup | CutMix,
    label_smoothing: float = 0.0,
    class_weights: np.ndarray | None = None,
    operations: Sequence[Operation] = (),
) -> Objective:
    """Return the objective of image classifiers that learn from mixed images.

    The arrays are those of `image_classification`, then the draws of the mixing. The targets are the labels
    of both images and the share of the first.
    """
    loss = partial(mixed_negative_log_likelihood, smoothing=label_smoothing, class_weights=class_weights)
    return Objective(partial(_mixed_batch, mixing, operations), loss)


def transduction(source: str, losses: TokenLosses, operations: Sequence[Operation] = ()) -> Objective:
    """Return the objective of sequence models: the mean of the losses of the target tokens.

    The arrays are source sequences, target ids with start and end, and the draws of each of the `operations`,
    which augment the sources. `source` is the name of the model's source input.
    """
    return Objective(partial(_sequence_batch, source, operations), partial(_mean, losses))


def captioning(source: str, label_smoothing: float = 0.0) -> Objective:
    """Return the objective of captioning models: the negative log-likelihood of each next target token.

    The arrays are images or their regions, target ids with start and end, and the image row of each target.
    `source` is the name of the model's source input.
    """
    loss = partial(token_negative_log_likelihood, smoothing=label_smoothing)
    return Objective(partial(_caption_batch, source), loss)


def scale_pixels(images: Tensor | np.ndarray) -> Tensor:
    """Scale uint8 images to the inputs of the models: float32 divided by 256, as in the reports."""
    return ops.cast(images, "float32") / PIXEL_LEVELS


def negative_log_likelihood(
    labels: Tensor,
    log_probabilities: Tensor,
    smoothing: float = 0.0,
    class_weights: np.ndarray | None = None,
) -> Tensor:
    """Compute -1/B sum_b w[y_b] log p_b[y_b] for labels `(B,)` and log-probabilities `(B, classes)`.

    w are the weights of the classes `(classes,)`; None is 1 for each. Label smoothing by e (Szegedy et al.,
    2016, arXiv 1512.00567, 7) gives the label the probability 1 - e and spreads e evenly over all classes,
    including the label.
    """
    return ops.mean(_losses(labels, log_probabilities, smoothing, class_weights))


def mixed_negative_log_likelihood(
    targets: tuple[Tensor, Tensor, Tensor],
    log_probabilities: Tensor,
    smoothing: float = 0.0,
    class_weights: np.ndarray | None = None,
) -> Tensor:
    """Compute -1/B sum_b (l_b log p_b[y_b] + (1 - l_b) log p_b[z_b]) for targets (y, z, l), each `(B,)`.

    Label smoothing and weights are those of `negative_log_likelihood`, for both labels.
    """
    labels, others, share = targets
    first, second = (_losses(each, log_probabilities, smoothing, class_weights) for each in (labels, others))
    return ops.mean(share * first + (1 - share) * second)


def token_negative_log_likelihood(
    targets: Tensor, log_probabilities: Tensor, smoothing: float = 0.0
) -> Tensor:
    """Compute the mean of -log p[y], label-smoothed, over the tokens `(B, T)` that are not padding (0)."""
    return _mean(partial(token_losses, smoothing=smoothing), targets, log_probabilities)


def _mean(losses: TokenLosses, targets: Tensor, outputs: Any) -> Tensor:
    each, real = losses(targets, outputs)
    return ops.sum(each) / ops.sum(real)


def token_losses(targets: Tensor, log_probabilities: Tensor, smoothing: float = 0.0) -> tuple[Tensor, Tensor]:
    """Compute -log p[y] of each token `(B, T)`, 0 for padding, and the padding mask, 1 for real tokens."""
    losses = _losses(targets, log_probabilities, smoothing)
    real = ops.cast(ops.not_equal(targets, 0), losses.dtype)
    return losses * real, real


def _losses(
    labels: Tensor, log_probabilities: Tensor, smoothing: float, class_weights: np.ndarray | None = None
) -> Tensor:
    losses = -ops.take_along_axis(log_probabilities, labels[..., None], axis=-1)[..., 0]
    if smoothing:
        losses = (1 - smoothing) * losses - smoothing * ops.mean(log_probabilities, axis=-1)
    return losses if class_weights is None else losses * ops.take(class_weights, labels)


def _image_batch(
    operations: Sequence[Operation],
    arrays: Sequence[Tensor],
    rows: Tensor,
    bucket_lengths: Sequence[Tensor | int],
) -> tuple[Tensor, Tensor]:
    images, labels, *draws = (ops.take(array, rows, axis=0) for array in arrays)
    return apply(operations, scale_pixels(images), draws), labels


def _mixed_batch(
    mixing: Mixup | CutMix,
    operations: Sequence[Operation],
    arrays: Sequence[Tensor],
    rows: Tensor,
    bucket_lengths: Sequence[Tensor | int],
) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor]]:
    *unmixed, draws = arrays
    images, labels = _image_batch(operations, unmixed, rows, bucket_lengths)
    draws = ops.take(draws, rows, axis=0)
    return mixing(images, draws), (labels, partners(labels), mixing.share(draws))


def _sequence_batch(
    source: str,
    operations: Sequence[Operation],
    arrays: Sequence[Tensor],
    rows: Tensor,
    bucket_lengths: Sequence[Tensor | int],
) -> tuple[dict[str, Tensor], Tensor]:
    sources, targets, *draws = (ops.take(array, rows, axis=0) for array in arrays)
    source_length, target_length = bucket_lengths
    before, after = _shift(targets, target_length)
    return {source: apply(operations, sources[:, :source_length], draws), TARGET: before}, after


def _caption_batch(
    source: str, arrays: Sequence[Tensor], rows: Tensor, bucket_lengths: Sequence[Tensor | int]
) -> tuple[dict[str, Tensor], Tensor]:
    images, targets, owners = arrays
    before, after = _shift(ops.take(targets, rows, axis=0), *bucket_lengths)
    about = ops.take(images, ops.take(owners, rows, axis=0), axis=0)
    return {source: scale_pixels(about) if source == "image" else about, TARGET: before}, after


def _shift(targets: Tensor, length: Tensor | int) -> tuple[Tensor, Tensor]:
    """Return the inputs and the targets of the next-token prediction: tokens 0..T-1 and tokens 1..T."""
    return targets[:, :length], targets[:, 1 : length + 1]
