"""PyTorch: a training step is traced once and run as a graph of ATen operations, without Keras's Python code.

A graph is traced for each number of rows and each combination of bucket lengths. A step that branches on
values, such as dynamic loss scaling or the accumulation of gradients, cannot be traced and runs eagerly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import keras
import numpy as np
import torch

from kzoo.training.engines.torch_graphs import trace
from kzoo.training.objective import Objective

Values = list[torch.Tensor]
"""The values of variables, in their order."""

Step = Callable[[Values, torch.Tensor, list[torch.Tensor], torch.Tensor], tuple[Values, torch.Tensor]]
"""`step(values, total, arrays, rows)`: a training step, and the total of the losses with its own."""


class SGD(keras.optimizers.SGD):
    """Keras's SGD, as one operation of the graph."""

    @torch.no_grad()
    def _backend_update_step(
        self,
        grads: list[torch.Tensor],
        trainable_variables: list[keras.Variable],
        learning_rate: torch.Tensor,
    ) -> None:
        """w <- w - rate g, or with momentum as `kzoo.training.engines.torch_operations` says."""
        weights = [variable.value for variable in trainable_variables]
        if not self.momentum:
            torch.ops.kzoo.sgd_(weights, grads, learning_rate)
            return
        m = [self.momentums[self._get_variable_index(variable)].value for variable in trainable_variables]
        torch.ops.kzoo.momentum_(weights, grads, m, learning_rate, self.momentum, self.nesterov)


class Adam(keras.optimizers.Adam):
    """Keras's Adam, as one operation of the graph that passes over the memory once."""

    @torch.no_grad()
    def _backend_update_step(
        self,
        grads: list[torch.Tensor],
        trainable_variables: list[keras.Variable],
        learning_rate: torch.Tensor,
    ) -> None:
        """w <- w - rate sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + epsilon), m, v averages of g, g^2."""
        indices = [self._get_variable_index(variable) for variable in trainable_variables]
        torch.ops.kzoo.adam_(
            [variable.value for variable in trainable_variables],
            grads,
            *([slots[index].value for index in indices] for slots in (self._momentums, self._velocities)),
            keras.ops.convert_to_tensor(self.iterations),  # a variable, or a tensor if gradients accumulate
            *(learning_rate, self.beta_1, self.beta_2, self.epsilon),
        )


def compile_training(
    model: keras.Model, optimizer: keras.Optimizer, objective: Objective
) -> Callable[[Sequence[torch.Tensor], np.ndarray, np.ndarray], float]:
    """See `kzoo.training.engines`."""
    weights = model.trainable_variables
    variables = [*weights, *model.non_trainable_variables, *optimizer.variables]
    compiled: dict[tuple[int, ...], Step] = {}

    def step(
        lengths: list[int],
        values: Values,
        total: torch.Tensor,
        arrays: list[torch.Tensor],
        rows: torch.Tensor,
    ) -> tuple[Values, torch.Tensor]:
        trained, others = values[: len(weights)], values[len(weights) :]
        trained = [value.requires_grad_() for value in trained]
        state = list(zip(variables, [*trained, *others], strict=True))
        with keras.StatelessScope(state, initialize_variables=False) as scope:
            inputs, targets = objective.batch(arrays, rows, lengths)
            loss = objective.loss(targets, model(inputs, training=True))
            grads = torch.autograd.grad(optimizer.scale_loss(loss), trained)
            with torch.no_grad():
                optimizer.apply(grads, weights)
        found = [scope.get_current_value(variable) for variable in variables]
        return [value.detach() for value in found], total + loss.detach()

    def run(arrays: Sequence[torch.Tensor], order: np.ndarray, bucket_lengths: np.ndarray) -> float:
        values, resident = [variable.value.detach() for variable in variables], list(arrays)
        total = torch.zeros((), device=values[0].device)
        for rows, lengths in zip(keras.ops.convert_to_tensor(order), bucket_lengths.tolist(), strict=True):
            shape = (len(rows), *lengths)
            if shape not in compiled:
                example = [value.clone() for value in values]  # a step updates values in place
                compiled[shape] = trace(partial(step, lengths), example, total, resident, rows)
            values, total = compiled[shape](values, total, resident, rows)
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        return float(total)

    return run


def compile_function(
    function: Callable[..., Any], variables: Sequence[keras.Variable], calls: float = 1
) -> Callable[..., Any]:
    """See `kzoo.training.engines`."""
    compiled: dict[Any, Callable[..., Any]] = {}

    def pure(values: Values, inputs: Any) -> Any:
        with keras.StatelessScope(list(zip(variables, values, strict=True)), initialize_variables=False):
            return function(*inputs)

    def run(*inputs: Any) -> Any:
        tensors = keras.tree.map_structure(keras.ops.convert_to_tensor, inputs)
        values = [variable.value for variable in variables]
        shapes = tuple((tuple(each.shape), each.dtype) for each in keras.tree.flatten(tensors))
        with torch.no_grad():
            if shapes not in compiled:
                compiled[shapes] = trace(pure, values, tensors)
            return compiled[shapes](values, tensors)

    return run


def is_out_of_memory(error: Exception) -> bool:
    """See `kzoo.training.engines`."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)  # GPU, CPU
