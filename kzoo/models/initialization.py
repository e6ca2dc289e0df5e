"""The initial weights of a model by convention: the defaults of Keras or of PyTorch.

A figure published with PyTorch can only be reproduced with PyTorch's defaults, which differ from Keras's:

| | keras | pytorch |
|---|---|---|
| Dense, Conv kernel | Glorot uniform, U(+-sqrt(6 / (fan_in + fan_out))) | U(+-1 / sqrt(fan_in)) [1] |
| Dense, Conv bias | 0 | U(+-1 / sqrt(fan_in)) |
| LSTM kernel | Glorot uniform | U(+-1 / sqrt(units)) |
| LSTM recurrent kernel | orthogonal | U(+-1 / sqrt(units)) |
| LSTM bias | 0, and 1 for the forget gate | U(+-1 / sqrt(units)) + U(+-1 / sqrt(units)) [2] |
| Embedding | U(+-.05) | N(0, 1), and 0 for token 0 [3] |
| Learned positions | U(+-.05) | N(0, 1) |
| Output of an untied embedding | as a Dense kernel | as a Dense kernel |

[1] PyTorch's kaiming_uniform_(a=sqrt(5)): gain sqrt(2 / (1 + 5)), bound gain * sqrt(3 / fan_in).
[2] PyTorch's LSTM has two biases; Keras's single bias is their sum.
[3] `torch.nn.Embedding(padding_idx=0)`, as the reports use it.

The builders of a family handle other differences, for example in batch normalisation.

NumPy draws the weights, with one generator per layer, so the same seed gives the same weights on every
backend, and the weights of a layer do not depend on the layers before it. If a builder gives one of these
layers an initialiser, it is kept; NumPy draws `RandomNormal` too. Keras draws other initialisers, and the
weights of layers that are not in the table, from the same seed, so these weights also depend on the backend.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from kzoo.errors import UsageError
from kzoo.names import suggestion

if TYPE_CHECKING:
    import keras

    from kzoo.variables import Waiting

Shape = tuple[int, ...]
Draw = Callable[[Shape, np.random.Generator], np.ndarray]
"""A function that draws a weight, given the shape of the layer's main weight and a random generator."""


def _fans(kernel_shape: Shape) -> tuple[int, int]:
    """Return `(fan_in, fan_out)` of a kernel `(*window, inputs, outputs)`."""
    window = int(np.prod(kernel_shape[:-2]))
    return window * kernel_shape[-2], window * kernel_shape[-1]


def _uniform(bound: float, shape: Shape, rng: np.random.Generator) -> np.ndarray:
    return rng.uniform(-bound, bound, shape)


def _glorot_uniform(kernel_shape: Shape, rng: np.random.Generator) -> np.ndarray:
    return _uniform(np.sqrt(6.0 / sum(_fans(kernel_shape))), kernel_shape, rng)


def _fan_in_uniform(kernel_shape: Shape, rng: np.random.Generator) -> np.ndarray:
    return _uniform(1.0 / np.sqrt(_fans(kernel_shape)[0]), kernel_shape, rng)


def _zero_bias(kernel_shape: Shape, rng: np.random.Generator) -> np.ndarray:
    return np.zeros(kernel_shape[-1])


def _fan_in_uniform_bias(kernel_shape: Shape, rng: np.random.Generator) -> np.ndarray:
    return _uniform(1.0 / np.sqrt(_fans(kernel_shape)[0]), kernel_shape[-1:], rng)


def _orthogonal(kernel_shape: Shape, rng: np.random.Generator) -> np.ndarray:
    """Draw a matrix of orthonormal rows, as `keras.initializers.Orthogonal` does."""
    rows, columns = kernel_shape
    q, r = np.linalg.qr(rng.normal(size=(max(rows, columns), min(rows, columns))))
    q = q * np.sign(np.diag(r))
    return q if rows > columns else q.T


def _units_uniform(kernel_shape: Shape, rng: np.random.Generator) -> np.ndarray:
    return _uniform(1.0 / np.sqrt(kernel_shape[-1] // 4), kernel_shape, rng)


def _forget_bias(kernel_shape: Shape, rng: np.random.Generator) -> np.ndarray:
    return np.repeat([0.0, 1.0, 0.0, 0.0], kernel_shape[-1] // 4)


def _two_units_uniform_biases(kernel_shape: Shape, rng: np.random.Generator) -> np.ndarray:
    return _units_uniform(kernel_shape[-1:], rng) + _units_uniform(kernel_shape[-1:], rng)


def _small_uniform(shape: Shape, rng: np.random.Generator) -> np.ndarray:
    return _uniform(0.05, shape, rng)


def _gaussian(mean: float, deviation: float, shape: Shape, rng: np.random.Generator) -> np.ndarray:
    return rng.normal(mean, deviation, shape)


def _normal(shape: Shape, rng: np.random.Generator) -> np.ndarray:
    return rng.normal(size=shape)


def _normal_but_padding(shape: Shape, rng: np.random.Generator) -> np.ndarray:
    table = _normal(shape, rng)
    table[0] = 0.0
    return table


@dataclass(frozen=True)
class Convention:
    """The default initialisers of a framework, one for each kind of weight."""

    kernel: Draw
    bias: Draw
    lstm_kernel: Draw
    lstm_recurrent_kernel: Draw
    lstm_bias: Draw
    embedding: Draw
    positions: Draw


CONVENTIONS = {
    "keras": Convention(
        kernel=_glorot_uniform,
        bias=_zero_bias,
        lstm_kernel=_glorot_uniform,
        lstm_recurrent_kernel=_orthogonal,
        lstm_bias=_forget_bias,
        embedding=_small_uniform,
        positions=_small_uniform,
    ),
    "pytorch": Convention(
        kernel=_fan_in_uniform,
        bias=_fan_in_uniform_bias,
        lstm_kernel=_units_uniform,
        lstm_recurrent_kernel=_units_uniform,
        lstm_bias=_two_units_uniform_biases,
        embedding=_normal_but_padding,
        positions=_normal,
    ),
}


def find_convention(name: str) -> Convention:
    """Return the convention of this name. Raises UsageError if it is unknown."""
    if name not in CONVENTIONS:
        raise UsageError(f"no convention is called {name!r}; {suggestion(name, CONVENTIONS)}")
    return CONVENTIONS[name]


def draw_weights(model: keras.Model, name: str, seed: int, waiting: Waiting = ()) -> None:
    """Draw the model's initial weights, and the random state of its dropout, from `seed` by a convention.

    Of the variables that wait for their initialisers, those without a draw by the convention are drawn by
    them. Batch normalisation starts at scale 1 and offset 0 in both conventions, as Keras builds it.
    """
    chosen = find_convention(name)
    drawn = set()
    for layer in model._flatten_layers(include_self=False):  # no public API lists nested layers
        rng = np.random.default_rng([seed, crc32((layer.path or layer.name).encode())])
        for variable, draw, shape in _draws(layer, chosen):
            variable.assign(draw(shape, rng).reshape(variable.shape).astype("float32"))
            drawn.add(id(variable))
        generator = getattr(layer, "seed_generator", None)
        if generator is not None:
            generator.state.assign(rng.integers(0, 2**31, 2).astype("uint32"))
    for variable, initializer in waiting:
        if id(variable) not in drawn:
            variable.assign(initializer(variable.shape, dtype=variable.dtype))


def _draws(layer: keras.Layer, chosen: Convention) -> list[tuple[keras.Variable, Draw, Shape]]:
    """Return the variables of a layer, in order, each with its draw and the shape that sets its scale."""
    from keras import layers

    from kzoo.layers import LearnedPositions

    if isinstance(layer, LearnedPositions):
        return [(layer.table, chosen.positions, tuple(layer.table.shape))]
    if isinstance(layer, layers.LSTMCell):
        shape = tuple(layer.kernel.shape)
        wanted = [
            ("kernel", layer.kernel, chosen.lstm_kernel, shape),
            ("recurrent", layer.recurrent_kernel, chosen.lstm_recurrent_kernel, layer.recurrent_kernel.shape),
            ("bias", layer.bias, chosen.lstm_bias, shape),
        ]
    elif isinstance(layer, layers.Embedding):
        table = tuple(layer.embeddings.shape)
        free = getattr(layer, "reverse_embeddings", None)
        wanted = [
            ("embeddings", layer.embeddings, chosen.embedding, table),
            ("embeddings", free, chosen.kernel, table[::-1]),
        ]
    elif isinstance(layer, layers.DepthwiseConv2D):
        *window, channels, _ = layer.kernel.shape  # a filter reads one channel
        shape = (*window, 1, channels)
        wanted = [("depthwise", layer.kernel, chosen.kernel, shape), ("bias", layer.bias, chosen.bias, shape)]
    elif isinstance(layer, layers.Dense | layers.Conv1D | layers.Conv2D):
        shape = tuple(layer.kernel.shape)
        wanted = [("kernel", layer.kernel, chosen.kernel, shape), ("bias", layer.bias, chosen.bias, shape)]
    else:
        return []
    found = ((variable, _choice(layer, part, draw), tuple(shape)) for part, variable, draw, shape in wanted)
    return [(variable, draw, shape) for variable, draw, shape in found if variable is not None and draw]


def _choice(layer: keras.Layer, part: str, draw: Draw) -> Draw | None:
    """Return `draw`, the draw of a `RandomNormal` that the layer was given, or None for other given ones."""
    from keras import initializers

    chosen = getattr(layer, f"{part}_initializer")
    if isinstance(chosen, initializers.RandomNormal):
        return partial(_gaussian, chosen.mean, chosen.stddev)
    return draw if type(chosen) is type(initializers.get(_KERAS_DEFAULTS[part])) else None


_KERAS_DEFAULTS = {
    "kernel": "glorot_uniform",
    "depthwise": "glorot_uniform",
    "recurrent": "orthogonal",
    "bias": "zeros",
    "embeddings": "uniform",
}
"""Keras's default initialisers of these layers, by part."""


@contextmanager
def seeded_initializers(seed: int) -> Iterator[None]:
    """Seed Keras's initialisers within the context: they take their seeds from Python's `random`."""
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)
