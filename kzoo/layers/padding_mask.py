"""Which positions of a sequence are real."""

from __future__ import annotations

import keras
from keras import KerasTensor, ops

from kzoo.types import Tensor


@keras.saving.register_keras_serializable("kzoo")
class PaddingMask(keras.layers.Layer):
    """`(batch, length, features)` -> `(batch, length)`: False where all features are 0, which is padding.

    `keras.layers.Masking` hands on the same as an implicit mask, which a convolution drops.
    """

    def call(self, x: Tensor) -> Tensor:
        """The mask, True where a position counts."""
        return ops.any(ops.not_equal(x, 0), axis=-1)

    def compute_output_spec(self, x: KerasTensor) -> KerasTensor:
        """A boolean for each position."""
        return KerasTensor(x.shape[:-1], dtype="bool")
