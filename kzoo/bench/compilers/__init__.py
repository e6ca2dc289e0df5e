"""The backend-specific code that times a function of tensors.

Each backend has a module that defines

- `compile_call(function, inputs, backward) -> run`: compiles the function without running it. `run()` returns
  when it has computed the outputs of `function` or, if `backward`, the gradients of half the sum of their
  squares with respect to each input;
- `device_peak(run) -> int | None`: returns by how many bytes the accelerator memory in use rises at its peak
  while `run()` runs; None on a CPU;
- `FUSED_SOFTMAX`: whether `keras.ops.dot_product_attention` never has all scores in memory at once.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import keras

__all__: list[str] = []


def compiler() -> ModuleType:
    """Return the compiler module of the present Keras backend."""
    return import_module(f"{__name__}.{keras.backend.backend()}")
