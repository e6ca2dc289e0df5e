"""Batch normalisation with PyTorch's moving averages."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from kzoo.types import Tensor


@keras.saving.register_keras_serializable("kzoo")
class BatchNormalization(keras.layers.BatchNormalization):
    """Normalise each channel over a batch, and keep the moving averages that PyTorch keeps.

    In training, over the n values of a channel in the batch (all examples and positions):

        y = gamma (x - mean) / sqrt(var + epsilon) + beta
        moving_mean <- momentum moving_mean + (1 - momentum) mean
        moving_variance <- momentum moving_variance + (1 - momentum) var n / (n - 1)

    In inference the moving averages replace mean and var. `keras.layers.BatchNormalization` averages var
    itself, the biased estimate; `torch.nn.BatchNorm2d` and this layer average the unbiased estimate. On
    TensorFlow and PyTorch this is one fused operation.

    Args:
        momentum: the weight of the old average; 1 minus PyTorch's `momentum`.
        epsilon: added to the variance.

    Shape: `(batch, ..., channels)` in and out. Masks are not supported.

    Reference: Ioffe and Szegedy, 2015, algorithms 1 and 2.
    """

    def __init__(
        self,
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        *,
        trainable: bool = True,
        dtype: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(momentum=momentum, epsilon=epsilon, trainable=trainable, dtype=dtype, name=name)
        self.supports_masking = False

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        """Normalise with batch statistics if `training` and trainable, else with the moving averages."""
        if not training or not self.trainable:
            return super().call(inputs, training=False)
        outputs, mean, variance = _normalize(inputs, self.gamma, self.beta, self.epsilon)
        self._move(self.moving_mean, mean)
        self._move(self.moving_variance, variance)
        return outputs

    def _move(self, average: keras.Variable, value: Tensor) -> None:
        average.assign(self.momentum * average + (1.0 - self.momentum) * value)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        config = keras.layers.Layer.get_config(self)
        return config | {"momentum": self.momentum, "epsilon": self.epsilon}


def _normalize(x: Tensor, gamma: Tensor, beta: Tensor, epsilon: float) -> tuple[Tensor, Tensor, Tensor]:
    """Return the normalised batch, and the mean and the unbiased variance of its channels in float32."""
    if keras.backend.backend() == "tensorflow":
        return _normalize_on_tensorflow(x, gamma, beta, epsilon)
    wide = ops.cast(x, "float32")
    if keras.backend.backend() == "torch":
        outputs, mean, variance = _normalize_on_torch(wide, gamma, beta, epsilon)
    else:
        mean, variance = ops.moments(wide, axes=tuple(range(len(x.shape) - 1)))
        outputs = ops.batch_normalization(
            wide, mean, variance, axis=-1, offset=beta, scale=gamma, epsilon=epsilon
        )
    count = math.prod(ops.shape(x)[:-1])
    return ops.cast(outputs, x.dtype), mean, variance * (count / max(count - 1, 1))


def _normalize_on_torch(
    x: Tensor, gamma: Tensor, beta: Tensor, epsilon: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the normalised batch, and the mean and the biased variance of its channels."""
    import torch

    weights = map(ops.convert_to_tensor, (gamma, beta))
    outputs, mean, scale = torch.native_batch_norm(
        torch.movedim(x, -1, 1), *weights, None, None, training=True, momentum=0.0, eps=epsilon
    )
    return torch.movedim(outputs, 1, -1), mean, scale**-2 - epsilon


def _normalize_on_tensorflow(
    x: Tensor, gamma: Tensor, beta: Tensor, epsilon: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the normalised batch, and the mean and the unbiased variance of its channels."""
    import tensorflow as tf

    images = tf.reshape(x, (tf.shape(x)[0], -1, 1, x.shape[-1]))
    outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
        images, ops.convert_to_tensor(gamma), ops.convert_to_tensor(beta), epsilon=epsilon, is_training=True
    )
    return tf.reshape(outputs, tf.shape(x)), mean, variance
