"""Random labels, curves and smooth noise for drawing the stand-ins, with one row for each picture.

All functions use NumPy arithmetic on a seeded generator, without BLAS, so equal seeds give equal pixels.
"""

from __future__ import annotations

import numpy as np


def balanced_labels(rng: np.random.Generator, count: int, classes: int) -> np.ndarray:
    """Draw `count` int32 labels in random order. The counts of the classes differ by at most one."""
    return rng.permutation(np.arange(count, dtype=np.int32) % classes)


def uniform(rng: np.random.Generator, low: float, high: float, shape: tuple[int, ...]) -> np.ndarray:
    """Draw uniform float32 numbers from `[low, high)`."""
    return (low + (high - low) * rng.random(shape, dtype=np.float32)).astype(np.float32, copy=False)


def stretch(values: np.ndarray, size: int, axis: int) -> np.ndarray:
    """Interpolate `values` linearly to `size` points along `axis`. Both end points keep their values."""
    position = np.linspace(0, values.shape[axis] - 1, size)
    left = np.minimum(position.astype(np.intp), values.shape[axis] - 2)
    weight = np.expand_dims((position - left).astype(np.float32), tuple(range(1, values.ndim - axis)))
    before = np.take(values, left, axis)
    return before + weight * (np.take(values, left + 1, axis) - before)


def smooth_noise(
    rng: np.random.Generator, count: int, cells: tuple[int, int], size: tuple[int, int]
) -> np.ndarray:
    """Draw noise in `[-1, 1)` at `cells` points and interpolate it to float32 `(count, height, width)`."""
    coarse = uniform(rng, -1, 1, (count, *cells))
    return stretch(stretch(coarse, size[1], axis=2), size[0], axis=1)


def smooth_curves(rng: np.random.Generator, count: int, cells: int, size: int) -> np.ndarray:
    """Draw curves in `[-1, 1)` at `cells` points and interpolate them to float32 `(count, size)`."""
    return stretch(uniform(rng, -1, 1, (count, cells)), size, axis=1)


def to_uint8(brightness: np.ndarray) -> np.ndarray:
    """Clip brightness to `[0, 1]` and convert it to uint8 pixels."""
    return (np.clip(brightness, 0, 1) * np.float32(255.999)).astype(np.uint8)
