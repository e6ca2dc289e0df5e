"""The compiler for JAX: XLA compiles the function for each shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax

FUSED_SOFTMAX = False


def compile_call(function: Callable[..., Any], inputs: tuple[Any, ...], backward: bool) -> Callable[[], Any]:
    """Compile a function by XLA, see `kzoo.bench.compilers`."""

    def loss(*inputs: jax.Array) -> jax.Array:
        return (function(*inputs) ** 2).sum() / 2

    gradients = jax.grad(loss, argnums=tuple(range(len(inputs))))
    compiled = jax.jit(gradients if backward else function).lower(*inputs).compile()
    return lambda: jax.block_until_ready(compiled(*inputs))


def device_peak(run: Callable[[], Any]) -> int | None:
    """Return the peak of a call; JAX cannot reset its peak, so all earlier peaks must be lower."""
    device = jax.devices()[0]
    if device.platform == "cpu":
        return None
    before = device.memory_stats()["bytes_in_use"]
    run()
    return device.memory_stats()["peak_bytes_in_use"] - before
