"""Engines, the code that differs between backends: compiled training steps and compiled inference.

Each engine module defines the optimisers `SGD` and `Adam`, Keras's own or faster ones with the same
equations, and the same three functions:

- `compile_training(model, optimizer, objective)` returns `run(arrays, order, bucket_lengths) -> float`. It
  takes one optimiser step for each row of `order`, int32 `(steps, batch)`. A row holds the indices of the
  examples of a batch in `arrays`, which stay on the device. `bucket_lengths` `(steps, sequences)` are those
  of `kzoo.training.examples`. It updates the model and the optimiser and returns the sum of the batch losses.
- `compile_function(function, variables, calls=1)` returns the compiled function, from tensors to tensors
  without gradients. `variables` are those that the function reads; it uses their current values at every
  call. `calls` is the expected number of calls with inputs of one shape, which may repay a slow compilation.
- `is_out_of_memory(error)` returns whether an error of the backend means that memory ran out.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import keras

__all__: list[str] = []


def engine() -> ModuleType:
    """Return the engine module of the backend that Keras runs on."""
    return import_module(f"{__name__}.{keras.backend.backend()}")
