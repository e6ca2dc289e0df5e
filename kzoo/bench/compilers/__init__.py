"""The few lines that differ between backends when a function of tensors is timed.

Each compiler module has the same three:

- `compile_call(function, inputs, backward) -> run`: without running it yet. `run()` returns when the outputs
  of `function` are there, or, `backward`, the gradients of half the sum of their squares in each input;
- `device_peak(run) -> int | None`: the most bytes of an accelerator's memory that were in use while `run()`
  ran, beyond those before; None on a CPU;
- `FUSED_SOFTMAX`: whether `keras.ops.dot_product_attention` never has all scores in memory at once.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import keras

__all__: list[str] = []


def compiler() -> ModuleType:
    """The compiler of the backend that Keras runs on."""
    return import_module(f"{__name__}.{keras.backend.backend()}")
