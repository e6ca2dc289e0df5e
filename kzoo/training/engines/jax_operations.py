"""A convolution whose gradient is faster than XLA's on a CPU for large batches."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any
from unittest.mock import patch

import jax
import keras
from keras.src import backend

PART = 64
"""The rows of a batch whose gradients are computed together. XLA's convolution for the gradient of a kernel
sums over all positions of all rows, and takes 7 times longer for a row of 1,024 than for one of 32."""


def on_cpu() -> bool:
    """Return whether JAX computes on a CPU."""
    return bool(jax.default_backend() == "cpu")


def fast_operations() -> AbstractContextManager[Any]:
    """Return a context with this module's convolution in the place of Keras's, on a CPU."""
    if not on_cpu():
        return nullcontext()
    return patch.object(backend.nn, "conv", partial(_convolve, backend.nn.conv))


def _convolve(
    keras_conv: Callable[..., jax.Array], inputs: Any, kernel: Any, *options: Any, **more: Any
) -> jax.Array:
    """Compute Keras's convolution; the gradient of the kernel is a sum over parts of the batch."""
    inputs, kernel = keras.ops.convert_to_tensor(inputs), keras.ops.convert_to_tensor(kernel)

    def convolve(inputs: jax.Array, kernel: jax.Array) -> jax.Array:
        return keras_conv(inputs, kernel, *options, **more)

    if inputs.shape[0] <= PART:
        return convolve(inputs, kernel)
    in_parts = jax.custom_vjp(convolve)
    in_parts.defvjp(
        lambda inputs, kernel: (convolve(inputs, kernel), (inputs, kernel)), partial(_gradients, convolve)
    )
    return in_parts(inputs, kernel)


def _gradients(
    convolve: Callable[..., jax.Array], saved: tuple[jax.Array, jax.Array], upstream: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Return the gradients of the inputs and of the kernel."""
    inputs, kernel = saved
    (of_inputs,) = jax.vjp(lambda inputs: convolve(inputs, kernel), inputs)[1](upstream)
    of_kernel = sum(
        jax.vjp(partial(convolve, inputs[start : start + PART]), kernel)[1](upstream[start : start + PART])[0]
        for start in range(0, len(inputs), PART)
    )
    return of_inputs, of_kernel
