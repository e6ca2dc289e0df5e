"""A layer that adds a trainable bias."""

from __future__ import annotations

from typing import Any

import keras

from kzoo.types import Shape, Tensor


@keras.saving.register_keras_serializable("kzoo")
class Bias(keras.layers.Layer):
    """A bias for each feature, x + b, which the logits of `keras.layers.ReversibleEmbedding` lack.

    Shape: `(..., features)` in and out. b starts at zero.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape: Shape) -> None:
        """Create b."""
        self.bias = self.add_weight(shape=(input_shape[-1],), initializer="zeros", name="bias")

    def call(self, inputs: Tensor) -> Tensor:
        """Return x + b."""
        return inputs + self.bias

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the input's shape."""
        return input_shape
