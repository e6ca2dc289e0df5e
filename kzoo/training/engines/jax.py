"""The JAX engine: on a CPU it dispatches each training step without waiting for the previous one.

There the loop over steps is not compiled, because XLA runs the body of a loop on one thread of a CPU, which
makes convolutions ten times slower. On a GPU the steps of a block are one loop, without Python in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import keras
import numpy as np

from kzoo.training.engines.jax_operations import fast_operations, on_cpu
from kzoo.training.objective import Objective

SGD, Adam = keras.optimizers.SGD, keras.optimizers.Adam


Values = list[Any]
"""The values of a list of variables, in the same order."""


def compile_training(
    model: keras.Model, optimizer: keras.Optimizer, objective: Objective
) -> Callable[[Sequence[jax.Array], np.ndarray, np.ndarray], float]:
    """Compile the training steps; see `kzoo.training.engines`."""
    groups = (model.trainable_variables, model.non_trainable_variables, optimizer.variables)

    def scaled_loss(trainable: Values, others: Values, slots: Values, batch: Any) -> Any:
        inputs, targets = batch
        outputs, others = model.stateless_call(trainable, others, inputs, training=True)
        loss = objective.loss(targets, outputs)
        with keras.StatelessScope(zip(optimizer.variables, slots, strict=True), initialize_variables=False):
            scaled = optimizer.scale_loss(loss)
        return scaled, (loss, others)

    def step(
        state: tuple[Values, Values, Values],
        total: Any,
        arrays: Sequence[jax.Array],
        rows: Any,
        bucket_lengths: tuple[int, ...],
    ) -> tuple[tuple[Values, Values, Values], Any]:
        trainable, others, slots = state
        gradient = jax.value_and_grad(scaled_loss, has_aux=True)
        batch = objective.batch(arrays, rows, bucket_lengths)
        with fast_operations():
            (_, (loss, others)), grads = gradient(trainable, others, slots, batch)
        trainable, slots = optimizer.stateless_apply(slots, grads, trainable)
        return (trainable, others, slots), total + loss

    def loop(
        state: Any, total: Any, arrays: Sequence[jax.Array], order: Any, lengths: tuple[int, ...]
    ) -> Any:
        def one(carry: tuple[Any, Any], rows: Any) -> tuple[Any, None]:
            state, total = carry
            return step(state, total, arrays, rows, lengths), None

        return jax.lax.scan(one, (state, total), order)[0]

    divide, function = (_single_steps, step) if on_cpu() else (_blocks, loop)
    compiled = jax.jit(function, donate_argnums=(0, 1), static_argnums=4)

    def run(arrays: Sequence[jax.Array], order: np.ndarray, bucket_lengths: np.ndarray) -> float:
        state = tuple([variable.value for variable in group] for group in groups)
        total = jax.numpy.zeros(())
        for rows, lengths in divide(order, bucket_lengths):
            state, total = compiled(state, total, arrays, rows, lengths)
        for group, values in zip(groups, state, strict=True):
            for variable, value in zip(group, values, strict=True):
                variable.assign(value)
        return float(total)

    return run


Parts = Iterator[tuple[np.ndarray, tuple[int, ...]]]
"""The rows of one or more steps, and the bucket lengths that these steps share."""


def _single_steps(order: np.ndarray, bucket_lengths: np.ndarray) -> Parts:
    yield from zip(order, map(tuple, bucket_lengths.tolist()), strict=True)


def _blocks(order: np.ndarray, bucket_lengths: np.ndarray) -> Parts:
    """Yield consecutive steps of the same bucket lengths together."""
    changes = np.flatnonzero((bucket_lengths[1:] != bucket_lengths[:-1]).any(axis=1)) + 1
    for rows, lengths in zip(np.split(order, changes), np.split(bucket_lengths, changes), strict=True):
        yield rows, tuple(lengths[0].tolist())


def compile_function(
    function: Callable[..., Any], variables: Sequence[keras.Variable], calls: float = 1
) -> Callable[..., Any]:
    """Compile a function without gradients; see `kzoo.training.engines`."""

    @jax.jit
    def compiled(values: Values, *inputs: Any) -> Any:
        with keras.StatelessScope(zip(variables, values, strict=True), initialize_variables=False):
            return function(*inputs)

    return lambda *inputs: compiled([variable.value for variable in variables], *inputs)


def is_out_of_memory(error: Exception) -> bool:
    """See `kzoo.training.engines`."""
    return isinstance(error, jax.errors.JaxRuntimeError) and "RESOURCE_EXHAUSTED" in str(error)
