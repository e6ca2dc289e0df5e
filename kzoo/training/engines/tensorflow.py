"""The TensorFlow engine: the training steps are one graph with a loop, so no Python runs between steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kzoo.training.engines.tensorflow_operations import compiled_loops, fast_operations
from kzoo.training.objective import Objective


class SGD(keras.optimizers.SGD):
    """Keras's SGD, which updates a variable in one pass over its memory."""

    def update_step(self, gradient: tf.Tensor, variable: tf.Variable, learning_rate: tf.Tensor) -> None:
        """Update a variable: w <- w - rate g, or with momentum u: m <- u m - rate g, w <- w + m.

        Nesterov's momentum is w <- w + u m - rate g with the new m.
        """
        if not self.momentum:
            tf.raw_ops.ResourceApplyGradientDescent(var=variable.handle, alpha=learning_rate, delta=gradient)
            return
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=variable.handle,
            accum=self.momentums[self._get_variable_index(variable)].value.handle,
            lr=learning_rate,
            grad=gradient,
            momentum=self.momentum,
            use_nesterov=self.nesterov,
        )


class Adam(keras.optimizers.Adam):
    """Keras's Adam, which updates a variable in one pass over its memory."""

    def update_step(self, gradient: tf.Tensor, variable: tf.Variable, learning_rate: tf.Tensor) -> None:
        """Update a variable: w <- w - rate sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + epsilon).

        m and v are the moving averages of g and g^2.
        """
        index = self._get_variable_index(variable)
        step = tf.cast(self.iterations + 1, "float32")
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=self.beta_1**step,
            beta2_power=self.beta_2**step,
            lr=learning_rate,
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=gradient,
        )


def compile_training(
    model: keras.Model, optimizer: keras.Optimizer, objective: Objective
) -> Callable[[Sequence[tf.Tensor], np.ndarray, np.ndarray], float]:
    """Compile the training steps; see `kzoo.training.engines`."""
    weights = model.trainable_variables

    def step(arrays: Sequence[tf.Tensor], rows: tf.Tensor, bucket_lengths: list[tf.Tensor]) -> tf.Tensor:
        inputs, targets = objective.batch(arrays, rows, bucket_lengths)
        with fast_operations(), tf.GradientTape() as tape:
            loss = objective.loss(targets, model(inputs, training=True))
            scaled = optimizer.scale_loss(loss)
        optimizer.apply(tape.gradient(scaled, weights), weights)
        return loss

    @tf.function(autograph=False)
    def steps(arrays: tuple[tf.Tensor, ...], order: tf.Tensor, bucket_lengths: tf.Tensor) -> tf.Tensor:
        def more(index: tf.Tensor, _: tf.Tensor) -> tf.Tensor:
            return index < tf.shape(order)[0]

        def one(index: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return index + 1, total + step(arrays, order[index], tf.unstack(bucket_lengths[index]))

        return tf.while_loop(more, one, (0, 0.0))[1]

    def run(arrays: Sequence[tf.Tensor], order: np.ndarray, bucket_lengths: np.ndarray) -> float:
        # The open shapes give one graph for any number of steps and rows.
        graph = steps.get_concrete_function(
            tuple(map(tf.TensorSpec.from_tensor, arrays)),
            tf.TensorSpec([None, None], tf.int32),
            tf.TensorSpec([None, bucket_lengths.shape[1]], tf.int32),
        )
        return float(graph(tuple(arrays), tf.constant(order), tf.constant(bucket_lengths)))

    return run


XLA_CALLS = 25
"""The number of calls that repays the compilation of a loop by XLA, half a second and more for each shape."""


def compile_function(
    function: Callable[..., Any], variables: Sequence[keras.Variable], calls: float = 1
) -> Callable[..., Any]:
    """Compile a function without gradients; see `kzoo.training.engines`."""

    @tf.function(reduce_retracing=True, autograph=False)
    def compiled(*inputs: Any) -> Any:
        with fast_operations(), compiled_loops() if calls >= XLA_CALLS else nullcontext():
            return function(*inputs)

    return compiled


def is_out_of_memory(error: Exception) -> bool:
    """See `kzoo.training.engines`."""
    return isinstance(error, tf.errors.ResourceExhaustedError)
