"""What the computations share: arrays drawn from seeds, a softmax, and how far two results may be apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

SEEDS = (0, 1, 2)

TOLERANCE = 1e-9
"""Between two forms in float64."""

LAYER_TOLERANCE = 5e-3
"""Between float64 and a Keras layer in float32, of whose 24 bits a GPU may multiply only 11 (TF32)."""


def generators() -> Iterator[np.random.Generator]:
    """A generator of random numbers for each of SEEDS."""
    return map(np.random.default_rng, SEEDS)


def softmax(scores: Array) -> Array:
    """exp(s_ij) / sum_l exp(s_il), over the last axis."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def distance(first: Array, second: Array) -> float:
    """The largest difference of any two elements; infinite if the shapes differ."""
    return float(np.abs(first - second).max()) if first.shape == second.shape else np.inf


def call_layer(layer: Any, *inputs: Array) -> Array:
    """What a Keras layer or feature map without dropout makes of a batch, compiled, in float32."""
    from keras import ops

    from kzoo.training.engines import engine

    run = engine().compile_function(layer, getattr(layer, "variables", ()))
    return ops.convert_to_numpy(run(*(ops.convert_to_tensor(x, "float32") for x in inputs)))


def largest(distances: Iterable[float]) -> str:
    """How a finding words its distances."""
    return f"largest difference {max(distances):.1g}"
