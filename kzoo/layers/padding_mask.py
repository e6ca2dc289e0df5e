"""The padding mask of a sequence of feature vectors."""

from __future__ import annotations

import keras
from keras import KerasTensor, ops

from kzoo.types import Tensor


@keras.saving.register_keras_serializable("kzoo")
class PaddingMask(keras.layers.Layer):
    """The padding mask of `(batch, length, features)`: `(batch, length)`, False where all features are 0.

    `keras.layers.Masking` passes on the same mask implicitly, but a convolution drops it.
    """

    def call(self, x: Tensor) -> Tensor:
        """Return the mask, False at padding."""
        return ops.any(ops.not_equal(x, 0), axis=-1)

    def compute_output_spec(self, x: KerasTensor) -> KerasTensor:
        """Return the shape of the mask, one boolean for each position."""
        return KerasTensor(x.shape[:-1], dtype="bool")
