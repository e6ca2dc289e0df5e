"""Helpers of the computations: seeded random arrays, a softmax, and distances with their tolerances."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

SEEDS = (0, 1, 2)

TOLERANCE = 1e-9
"""The largest difference allowed between two forms in float64."""

LAYER_TOLERANCE = 5e-3
"""The same for a float64 form and a float32 Keras layer, of whose 24 bits TF32 on a GPU keeps only 11."""


def generators() -> Iterator[np.random.Generator]:
    """Return a random generator for each of SEEDS."""
    return map(np.random.default_rng, SEEDS)


def softmax(scores: Array) -> Array:
    """Return exp(s_ij) / sum_l exp(s_il), over the last axis."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def distance(first: Array, second: Array) -> float:
    """Return the largest absolute difference of two elements; infinite if the shapes differ."""
    return float(np.abs(first - second).max()) if first.shape == second.shape else np.inf


def call_layer(layer: Any, *inputs: Array) -> Array:
    """Return the output of a Keras layer or feature map without dropout, compiled, for float32 inputs."""
    from keras import ops

    from kzoo.training.engines import engine

    run = engine().compile_function(layer, getattr(layer, "variables", ()))
    return ops.convert_to_numpy(run(*(ops.convert_to_tensor(x, "float32") for x in inputs)))


def largest(distances: Iterable[float]) -> str:
    """Return the text by which a finding reports its distances."""
    return f"largest difference {max(distances):.1g}"
