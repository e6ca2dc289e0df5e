"""Random fields that the stand-ins are painted from: labels, curves and smooth noise, one row a picture.

Everything is NumPy's own arithmetic on a seeded generator, without BLAS, so equal seeds give equal pixels.
"""

from __future__ import annotations

import numpy as np


def balanced_labels(rng: np.random.Generator, count: int, classes: int) -> np.ndarray:
    """`count` labels in int32 in random order, each class as often as any other, give or take one."""
    return rng.permutation(np.arange(count, dtype=np.int32) % classes)


def uniform(rng: np.random.Generator, low: float, high: float, shape: tuple[int, ...]) -> np.ndarray:
    """Uniform draws of `[low, high)` in float32."""
    return (low + (high - low) * rng.random(shape, dtype=np.float32)).astype(np.float32, copy=False)


def stretch(values: np.ndarray, size: int, axis: int) -> np.ndarray:
    """`values` interpolated linearly to `size` points along `axis`, its first and last points at the ends."""
    position = np.linspace(0, values.shape[axis] - 1, size)
    left = np.minimum(position.astype(np.intp), values.shape[axis] - 2)
    weight = np.expand_dims((position - left).astype(np.float32), tuple(range(1, values.ndim - axis)))
    before = np.take(values, left, axis)
    return before + weight * (np.take(values, left + 1, axis) - before)


def smooth_noise(
    rng: np.random.Generator, count: int, cells: tuple[int, int], size: tuple[int, int]
) -> np.ndarray:
    """Noise of `[-1, 1)` drawn at `cells` points and interpolated: `(count, height, width)` in float32."""
    coarse = uniform(rng, -1, 1, (count, *cells))
    return stretch(stretch(coarse, size[1], axis=2), size[0], axis=1)


def smooth_curves(rng: np.random.Generator, count: int, cells: int, size: int) -> np.ndarray:
    """Curves of `[-1, 1)` drawn at `cells` points and interpolated: `(count, size)` in float32."""
    return stretch(uniform(rng, -1, 1, (count, cells)), size, axis=1)


def to_uint8(brightness: np.ndarray) -> np.ndarray:
    """Brightness of `[0, 1]`, clipped, as pixels."""
    return (np.clip(brightness, 0, 1) * np.float32(255.999)).astype(np.uint8)
