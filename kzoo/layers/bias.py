"""An offset."""

from __future__ import annotations

from typing import Any

import keras

from kzoo.types import Shape, Tensor


@keras.saving.register_keras_serializable("kzoo")
class Bias(keras.layers.Layer):
    """x + b, a number for each feature: what `keras.layers.ReversibleEmbedding` lacks for logits.

    Shape: `(..., features)` in and out. b is zero at first.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape: Shape) -> None:
        """Create b."""
        self.bias = self.add_weight(shape=(input_shape[-1],), initializer="zeros", name="bias")

    def call(self, inputs: Tensor) -> Tensor:
        """x + b"""
        return inputs + self.bias

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's."""
        return input_shape
