"""Two frameworks' defaults by name: how weights start.

A figure published with PyTorch reproduces with PyTorch's defaults only, and they are not Keras's:

| | keras | pytorch |
|---|---|---|
| Dense, Conv kernel | Glorot uniform, U(+-sqrt(6 / (fan_in + fan_out))) | U(+-1 / sqrt(fan_in)) [1] |
| Dense, Conv bias | 0 | U(+-1 / sqrt(fan_in)) |

[1] PyTorch's kaiming_uniform_(a=sqrt(5)): gain sqrt(2 / (1 + 5)), bound gain * sqrt(3 / fan_in).

A family of models adds what else differs in it, batch normalisation for instance.

The draws are NumPy's, one generator for each layer, so the same seed gives the same weights on every
backend and a layer's weights do not depend on the layers before it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from kzoo.errors import UsageError
from kzoo.names import suggestion

if TYPE_CHECKING:
    import keras

Draw = Callable[[tuple[int, ...], np.random.Generator], np.ndarray]


def _fans(kernel_shape: tuple[int, ...]) -> tuple[int, int]:
    """`(fan_in, fan_out)` of a kernel `(*window, inputs, outputs)`."""
    window = int(np.prod(kernel_shape[:-2]))
    return window * kernel_shape[-2], window * kernel_shape[-1]


def _glorot_uniform(kernel_shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    bound = np.sqrt(6.0 / sum(_fans(kernel_shape)))
    return rng.uniform(-bound, bound, kernel_shape)


def _fan_in_uniform(kernel_shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    bound = 1.0 / np.sqrt(_fans(kernel_shape)[0])
    return rng.uniform(-bound, bound, kernel_shape)


def _zero_bias(kernel_shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    return np.zeros(kernel_shape[-1])


def _fan_in_uniform_bias(kernel_shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    bound = 1.0 / np.sqrt(_fans(kernel_shape)[0])
    return rng.uniform(-bound, bound, kernel_shape[-1])


@dataclass(frozen=True)
class Convention:
    """A framework's defaults; `kernel` and `bias` draw from the shape of the layer's kernel."""

    kernel: Draw
    bias: Draw


CONVENTIONS = {
    "keras": Convention(_glorot_uniform, _zero_bias),
    "pytorch": Convention(_fan_in_uniform, _fan_in_uniform_bias),
}


def find_convention(name: str) -> Convention:
    """A convention by name. Raises UsageError for an unknown one."""
    if name not in CONVENTIONS:
        raise UsageError(f"no convention is called {name!r}; {suggestion(name, CONVENTIONS)}")
    return CONVENTIONS[name]


def draw_weights(model: keras.Model, name: str, seed: int) -> None:
    """Draw the model's initial weights, and the state of its dropout, from `seed` under a convention.

    Batch normalisation starts at scale 1 and offset 0 in both, as Keras built it.
    """
    chosen = find_convention(name)
    for layer in model.layers:
        rng = np.random.default_rng([seed, crc32(layer.name.encode())])
        if getattr(layer, "kernel", None) is not None:
            shape = tuple(layer.kernel.shape)
            layer.kernel.assign(chosen.kernel(shape, rng).astype("float32"))
            if layer.bias is not None:
                layer.bias.assign(chosen.bias(shape, rng).astype("float32"))
        elif getattr(layer, "seed_generator", None) is not None:
            layer.seed_generator.state.assign(rng.integers(0, 2**31, 2).astype("uint32"))
