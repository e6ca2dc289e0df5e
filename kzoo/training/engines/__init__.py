"""The few lines that differ between backends: how a run of training steps and an inference are compiled.

Each engine module has the optimisers `SGD` and `Adam`, Keras's own or faster ones with the same equations,
and the same two functions:

- `compile_training(model, optimizer, objective)` gives `run(arrays, order, bucket_lengths) -> float`: one
  optimiser step for each row of `order`, int32 of shape `(steps, batch)`, which holds the examples of that
  batch in the arrays, which stay on the device; `bucket_lengths` `(steps, sequences)` are those of
  `kzoo.training.examples`. The sum of the batch losses comes back; the model and the optimiser are updated.
- `compile_function(function, variables)` gives the function compiled, tensors in and out and no gradients.
  The variables are those it reads; their values are looked up anew at every call.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import keras

__all__: list[str] = []


def engine() -> ModuleType:
    """The engine of the backend that Keras runs on."""
    return import_module(f"{__name__}.{keras.backend.backend()}")
