"""The negative log-likelihood of a Keras model differentiated as each backend does it."""

from __future__ import annotations

import keras
import numpy as np

from kzoo.training.objective import negative_log_likelihood


def differentiate(
    model: keras.Model, inputs: np.ndarray, labels: np.ndarray, training: bool
) -> tuple[np.ndarray, list[np.ndarray]]:
    """The model's outputs, and the gradient for each of its trainable variables."""
    compute = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}[keras.backend.backend()]
    outputs, gradients = compute(model, inputs, labels, training)
    return keras.ops.convert_to_numpy(outputs), [keras.ops.convert_to_numpy(each) for each in gradients]


def _tensorflow(model, inputs, labels, training):
    import tensorflow as tf

    weights = [weight.value for weight in model.trainable_variables]
    with tf.GradientTape() as tape:
        outputs = model(inputs, training=training)
        loss = negative_log_likelihood(labels, outputs)
    return outputs, tape.gradient(loss, weights)


def _jax(model, inputs, labels, training):
    import jax

    def loss(weights, others, inputs, labels):
        outputs, _ = model.stateless_call(weights, others, inputs, training=training)
        return negative_log_likelihood(labels, outputs), outputs

    weights = [weight.value for weight in model.trainable_variables]
    others = [variable.value for variable in model.non_trainable_variables]
    compute = jax.jit(jax.value_and_grad(loss, has_aux=True))
    (_, outputs), gradients = compute(weights, others, inputs, labels)
    return outputs, gradients


def _torch(model, inputs, labels, training):
    import torch

    outputs = model(inputs, training=training)
    loss = negative_log_likelihood(keras.ops.convert_to_tensor(labels), outputs)
    return outputs, torch.autograd.grad(loss, [weight.value for weight in model.trainable_variables])
