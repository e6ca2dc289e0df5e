"""Augmentation of log-mel spectrograms `(batch, time, mel bins)`, whose padding is frames of zeros."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from keras import ops

from kzoo.recipe import AugmentationSection
from kzoo.training.augmentation import Operation
from kzoo.types import Tensor

_NOISE_SIZE = 2**20
"""The number of values of noise, more than a clip of R004's 2,754 frames has."""


@dataclass(frozen=True)
class Noise:
    """Normal noise of a standard deviation is added to the real frames.

    A clip takes the values from a random place of one long row of noise, which is the same in all epochs.
    """

    deviation: float

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Draw where the noise of each clip begins, int32 `(count, 1)`."""
        return rng.integers(_NOISE_SIZE, size=(count, 1), dtype="int32")

    def __call__(self, frames: Tensor, draws: Tensor) -> Tensor:
        """Add noise."""
        row = self.deviation * np.random.default_rng(0).standard_normal(_NOISE_SIZE, dtype="float32")
        time, bins = ops.shape(frames)[1], frames.shape[2]
        places = (draws + ops.arange(time * bins, dtype="int32")) % _NOISE_SIZE
        noise = ops.reshape(ops.take(ops.convert_to_tensor(row), places, axis=0), (-1, time, bins))
        return ops.where(_real(frames), frames + noise, frames)


@dataclass(frozen=True)
class Masks:
    """Intervals of an axis are replaced by the mean of the clip's real frames.

    The width w of each is drawn from 0 to `width`, but to the length L of the clip's axis at most, and its
    start from 0 to L - w. The paper masks with zero, the mean of its normalised spectrograms.

    Reference: Park et al. 2019, arXiv 1904.08779, 2.

    Args:
        axis: 1 for time, 2 for mel bins.
        masks: the number of intervals.
        width: the largest width.
        lengths: the length of the axis for each example, `(count,)`, or for all.
    """

    axis: int
    masks: int
    width: int
    lengths: np.ndarray | int

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Draw the start and the end of each interval, int32 `(count, masks, 2)`."""
        lengths = np.broadcast_to(self.lengths, count)[:, None]
        shape = (count, self.masks)
        widths = rng.integers(0, np.minimum(self.width, lengths), shape, endpoint=True)
        starts = rng.integers(0, lengths - widths, endpoint=True)
        return np.stack([starts, starts + widths], axis=-1).astype("int32")

    def __call__(self, frames: Tensor, draws: Tensor) -> Tensor:
        """Mask the intervals of the real frames."""
        places = ops.arange(ops.shape(frames)[self.axis], dtype="int32")
        covered = ops.logical_and(places >= draws[..., :1], places < draws[..., 1:])
        masked = ops.expand_dims(ops.any(covered, axis=1), 3 - self.axis)
        real = _real(frames)
        count = ops.sum(ops.cast(real, frames.dtype), axis=1, keepdims=True) * frames.shape[2]
        mean = ops.sum(frames, axis=(1, 2), keepdims=True) / ops.maximum(count, 1.0)
        return ops.where(ops.logical_and(masked, real), mean, frames)


def spectrogram_operations(
    section: AugmentationSection, lengths: np.ndarray, bins: int
) -> tuple[Operation, ...]:
    """Return the operations that a recipe asks for; `lengths` are the clips' numbers of real frames."""
    operations: list[Operation] = []
    if section.noise:
        operations.append(Noise(section.noise))
    if section.frequency_masks:
        operations.append(Masks(2, section.frequency_masks, section.frequency_mask_width, bins))
    if section.time_masks:
        operations.append(Masks(1, section.time_masks, section.time_mask_width, lengths))
    return tuple(operations)


def _real(frames: Tensor) -> Tensor:
    """Return which frames `(batch, time, 1)` are not padding."""
    return ops.any(ops.not_equal(frames, 0), axis=-1, keepdims=True)
