"""The compiler for PyTorch, which runs functions eagerly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

FUSED_SOFTMAX = True


def compile_call(function: Callable[..., Any], inputs: tuple[Any, ...], backward: bool) -> Callable[[], Any]:
    """Return an eager call of the function, see `kzoo.bench.compilers`."""

    def gradients() -> Any:
        leaves = [x.detach().requires_grad_() for x in inputs]
        loss = function(*leaves).square().sum() / 2
        return torch.autograd.grad(loss, leaves, materialize_grads=True)

    def run() -> Any:
        with torch.inference_mode(not backward):
            outputs = gradients() if backward else function(*inputs)
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        return outputs

    return run


def device_peak(run: Callable[[], Any]) -> int | None:
    """Return the peak of a call on the present GPU, see `kzoo.bench.compilers`."""
    if not torch.cuda.is_available():
        return None
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    run()
    return torch.cuda.max_memory_allocated() - before
