"""The gradients of the loss of a Keras model on each backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from kzoo.training.objective import negative_log_likelihood

Inputs = np.ndarray | dict[str, np.ndarray]
Loss = Callable[[Any, Any], Any]


def differentiate(
    model: keras.Model,
    inputs: Inputs,
    labels: np.ndarray,
    training: bool,
    loss: Loss = negative_log_likelihood,
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return the model's outputs, and the gradient of the loss for each trainable variable."""
    compute = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}[keras.backend.backend()]
    outputs, gradients = compute(model, inputs, labels, training, loss)
    return keras.ops.convert_to_numpy(outputs), [keras.ops.convert_to_numpy(each) for each in gradients]


def _tensorflow(model, inputs, labels, training, loss):
    import tensorflow as tf

    weights = [weight.value for weight in model.trainable_variables]
    with tf.GradientTape() as tape:
        outputs = model(inputs, training=training)
        value = loss(labels, outputs)
    return outputs, tape.gradient(value, weights)


def _jax(model, inputs, labels, training, loss):
    import jax

    def value(weights, others, inputs, labels):
        outputs, _ = model.stateless_call(weights, others, inputs, training=training)
        return loss(labels, outputs), outputs

    weights = [weight.value for weight in model.trainable_variables]
    others = [variable.value for variable in model.non_trainable_variables]
    compute = jax.jit(jax.value_and_grad(value, has_aux=True))
    (_, outputs), gradients = compute(weights, others, inputs, labels)
    return outputs, gradients


def _torch(model, inputs, labels, training, loss):
    import torch

    outputs = model(inputs, training=training)
    value = loss(keras.ops.convert_to_tensor(labels), outputs)
    return outputs, torch.autograd.grad(value, [weight.value for weight in model.trainable_variables])
