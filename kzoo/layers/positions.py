"""Positional encodings for models without recurrence."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import KerasTensor, ops

from kzoo.types import Shape, Tensor


class _AddedPositions(keras.layers.Layer):
    """Base class of positional encodings: adds a vector to each position; sub-classes define `vectors`."""

    def call(self, x: Tensor) -> Tensor:
        """Add the position vectors to sequences `(batch, length, features)`."""
        return x + ops.cast(self.vectors(ops.shape(x)[1], x.shape[-1]), x.dtype)

    def vectors(self, length: int, features: int) -> Tensor:
        """Return the vectors of the positions 0 to length - 1, `(length, features)`."""
        raise NotImplementedError

    def compute_output_spec(self, x: KerasTensor) -> KerasTensor:
        """Return the shape of the input, in the compute dtype."""
        return KerasTensor(x.shape, dtype=self.compute_dtype)


@keras.saving.register_keras_serializable("kzoo")
class Sinusoids(_AddedPositions):
    """Sinusoidal positions of Whisper (Radford et al., 2022, arXiv 2212.04356; Vaswani et al., 2017, 3.5).

        x_t + [sin(t w_0), ..., sin(t w_{n-1}), cos(t w_0), ..., cos(t w_{n-1})]
        w_i = 10000^(-i / (n - 1)),    n = features / 2

    Vaswani et al. interleave sines and cosines and use 10000^(-i / n).
    """

    def vectors(self, length: int, features: int) -> Tensor:
        """Return the sinusoids of the positions 0 to length - 1, `(length, features)`."""
        half = features // 2
        if features % 2 or half < 2:
            raise ValueError(f"Sinusoids: the features must be even and 4 or more, not {features}")
        rates = ops.exp(-math.log(10000.0) / (half - 1) * ops.arange(half, dtype="float32"))
        angles = ops.arange(length, dtype="float32")[:, None] * rates
        return ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=-1)


@keras.saving.register_keras_serializable("kzoo")
class LearnedPositions(_AddedPositions):
    """Learned positions: a trained vector for each position.

    Args:
        length: the maximum length of a sequence.

    Raises:
        ValueError: a sequence is longer, and its length is known when the graph is built.
    """

    def __init__(self, length: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if length < 1:
            raise ValueError(f"LearnedPositions: length must be positive, not {length}")
        self.length = length

    def build(self, shape: Shape) -> None:
        """Create the table of vectors."""
        self.table = self.add_weight(shape=(self.length, shape[-1]), initializer="uniform", name="table")

    def vectors(self, length: int, features: int) -> Tensor:
        """Return the vectors of the first `length` positions, `(length, features)`."""
        if isinstance(length, int) and length > self.length:
            raise ValueError(f"LearnedPositions({self.length}) cannot place a sequence of {length}")
        return self.table[:length]

    def at(self, positions: Tensor) -> Tensor:
        """Return the vectors of these positions, `(..., features)`."""
        return ops.cast(ops.take(self.table, positions, axis=0), self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return super().get_config() | {"length": self.length}
