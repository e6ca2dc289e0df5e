"""PyTorch: eager steps over resident tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import torch

from kzoo.training.objective import Objective

SGD, Adam = keras.optimizers.SGD, keras.optimizers.Adam


def compile_training(
    model: keras.Model, optimizer: keras.Optimizer, objective: Objective, arrays: tuple[np.ndarray, ...]
) -> Callable[[np.ndarray], float]:
    """See `kzoo.training.engines`."""
    resident = tuple(keras.ops.convert_to_tensor(array) for array in arrays)
    weights = model.trainable_variables

    def step(rows: torch.Tensor) -> torch.Tensor:
        inputs, targets = objective.batch(resident, rows)
        loss = objective.loss(targets, model(inputs, training=True))
        model.zero_grad()
        optimizer.scale_loss(loss).backward()
        with torch.no_grad():
            optimizer.apply([weight.value.grad for weight in weights], weights)
        return loss.detach()

    def run(order: np.ndarray) -> float:
        return float(sum(step(rows) for rows in keras.ops.convert_to_tensor(order)))

    return run


def compile_function(function: Callable[..., Any], variables: Sequence[keras.Variable]) -> Callable[..., Any]:
    """See `kzoo.training.engines`."""

    def run(*inputs: Any) -> Any:
        with torch.inference_mode():
            return function(*inputs)

    return run
