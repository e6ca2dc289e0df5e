"""What tells a model without recurrence where in a sequence it is."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import KerasTensor, ops

from kzoo.types import Shape, Tensor


class _AddedPositions(keras.layers.Layer):
    """Adds a vector for each position; a sub-class has them."""

    def call(self, x: Tensor) -> Tensor:
        """Sequences `(batch, length, features)` with their positions."""
        return x + ops.cast(self.vectors(ops.shape(x)[1], x.shape[-1]), x.dtype)

    def vectors(self, length: int, features: int) -> Tensor:
        """Those of the positions 0 to length - 1, `(length, features)`."""
        raise NotImplementedError

    def compute_output_spec(self, x: KerasTensor) -> KerasTensor:
        """The shape of the input."""
        return KerasTensor(x.shape, dtype=self.compute_dtype)


@keras.saving.register_keras_serializable("kzoo")
class Sinusoids(_AddedPositions):
    """Fixed waves, as Whisper has them (Radford et al., 2022, arXiv 2212.04356; Vaswani et al., 2017, 3.5).

        x_t + [sin(t w_0), ..., sin(t w_{n-1}), cos(t w_0), ..., cos(t w_{n-1})]
        w_i = 10000^(-i / (n - 1)),    n = features / 2

    Vaswani et al. have sines and cosines by turns and 10000^(-i / n).
    """

    def vectors(self, length: int, features: int) -> Tensor:
        """The waves."""
        half = features // 2
        if features % 2 or half < 2:
            raise ValueError(f"Sinusoids: the features must be even and 4 or more, not {features}")
        rates = ops.exp(-math.log(10000.0) / (half - 1) * ops.arange(half, dtype="float32"))
        angles = ops.arange(length, dtype="float32")[:, None] * rates
        return ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=-1)


@keras.saving.register_keras_serializable("kzoo")
class LearnedPositions(_AddedPositions):
    """A trained vector for each position.

    Args:
        length: the longest sequence.

    Raises:
        ValueError: a sequence that is longer, where its length is known beforehand.
    """

    def __init__(self, length: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if length < 1:
            raise ValueError(f"LearnedPositions: length must be positive, not {length}")
        self.length = length

    def build(self, shape: Shape) -> None:
        """Create the vectors."""
        self.table = self.add_weight(shape=(self.length, shape[-1]), initializer="uniform", name="table")

    def vectors(self, length: int, features: int) -> Tensor:
        """The first ones."""
        if isinstance(length, int) and length > self.length:
            raise ValueError(f"LearnedPositions({self.length}) cannot place a sequence of {length}")
        return self.table[:length]

    def at(self, positions: Tensor) -> Tensor:
        """The vectors of these positions, `(..., features)`."""
        return ops.cast(ops.take(self.table, positions, axis=0), self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return super().get_config() | {"length": self.length}
