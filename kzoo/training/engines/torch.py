"""The PyTorch engine: eager training steps over tensors that stay on the device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import torch

from kzoo.training.objective import Objective

SGD, Adam = keras.optimizers.SGD, keras.optimizers.Adam


def compile_training(
    model: keras.Model, optimizer: keras.Optimizer, objective: Objective
) -> Callable[[Sequence[torch.Tensor], np.ndarray, np.ndarray], float]:
    """Return the training function, which is not compiled; see `kzoo.training.engines`."""
    weights = model.trainable_variables

    def step(arrays: Sequence[torch.Tensor], rows: torch.Tensor, bucket_lengths: list[int]) -> torch.Tensor:
        inputs, targets = objective.batch(arrays, rows, bucket_lengths)
        loss = objective.loss(targets, model(inputs, training=True))
        model.zero_grad()
        optimizer.scale_loss(loss).backward()
        with torch.no_grad():
            optimizer.apply([weight.value.grad for weight in weights], weights)
        return loss.detach()

    def run(arrays: Sequence[torch.Tensor], order: np.ndarray, bucket_lengths: np.ndarray) -> float:
        steps = zip(keras.ops.convert_to_tensor(order), bucket_lengths.tolist(), strict=True)
        return float(sum(step(arrays, rows, lengths) for rows, lengths in steps))

    return run


def compile_function(function: Callable[..., Any], variables: Sequence[keras.Variable]) -> Callable[..., Any]:
    """Return a function that runs without gradients, not compiled; see `kzoo.training.engines`."""

    def run(*inputs: Any) -> Any:
        with torch.inference_mode():
            return function(*inputs)

    return run
