"""Max-pooling with a gradient that is fast on JAX."""

from __future__ import annotations

from functools import reduce

import keras
from keras import ops

from kzoo.types import Tensor


@keras.saving.register_keras_serializable("kzoo")
class MaxPooling2D(keras.layers.MaxPooling2D):
    """Max-pooling over windows of p x q positions, `keras.layers.MaxPooling2D` by another path on JAX.

        y[i, j] = max x[s i + a, t j + b],    0 <= a < p, 0 <= b < q

    XLA's CPU compiler scatters the gradient of a maximum over windows, which takes more than half of the time
    of a small convolutional network. Windows that do not overlap are axes of a reshaped map, and the gradient
    of a maximum of pairs scatters nothing. As in Keras's own layer, the gradient goes to the first of equal
    positions, and NaN is kept.

    Shape: `(batch, height, width, channels)` to `(batch, height', width', channels)`.
    """

    def call(self, inputs: Tensor) -> Tensor:
        """Return the maximum of each window."""
        apart = self.pool_size == self.strides and self.padding == "valid"
        if keras.backend.backend() != "jax" or not apart or self.data_format != "channels_last":
            return super().call(inputs)
        return _pool_windows(inputs, *self.pool_size)


def _pool_windows(x: Tensor, height: int, width: int) -> Tensor:
    """Return the maximum of each window of `height` x `width` positions; windows do not overlap."""
    batch, rows, columns, channels = ops.shape(x)
    rows, columns = rows // height, columns // width
    x = x[:, : rows * height, : columns * width]
    x = ops.reshape(x, (batch, rows, height, columns, width, channels))
    return reduce(_larger, (x[:, :, i, :, j] for i in range(height) for j in range(width)))


def _larger(a: Tensor, b: Tensor) -> Tensor:
    """Return the larger of two numbers, the first of equal ones, and NaN if one is NaN."""
    return ops.where((b > a) | ops.isnan(b), b, a)
