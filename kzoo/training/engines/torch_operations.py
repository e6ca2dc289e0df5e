"""Operations in place of those of Keras's PyTorch backend, which can be traced or are faster.

Keras 3.15 has no public way to replace them, so `traceable` patches its modules for the time of a trace.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import torch
from keras.src.backend.torch import nn, random
from keras.src.backend.torch.random import dropout as keras_dropout
from keras.src.random.seed_generator import draw_seed

from kzoo.training.engines.lstm import lstm_replaced

LIBRARY = torch.library.Library("kzoo", "DEF")
LIBRARY.define("uniform(Tensor seed, int[] shape) -> Tensor")
LIBRARY.define("sgd_(Tensor(a!)[] weights, Tensor[] grads, Tensor rate) -> ()")
LIBRARY.define(
    "momentum_(Tensor(a!)[] weights, Tensor[] grads, Tensor(b!)[] m, Tensor rate, float momentum, "
    "bool nesterov) -> ()"
)
LIBRARY.define(
    "adam_(Tensor(a!)[] weights, Tensor[] grads, Tensor(b!)[] m, Tensor(c!)[] v, Tensor steps_done, "
    "Tensor rate, float beta_1, float beta_2, float epsilon) -> ()"
)


def _uniform(seed: torch.Tensor, shape: list[int]) -> torch.Tensor:
    """Draw from [0, 1) by a seed, which is looked up when the operation runs, not when it is traced."""
    generator = torch.Generator(seed.device)
    generator.manual_seed(int(seed.sum()) & 0xFFFFFFFF)
    return torch.empty(shape, device=seed.device).uniform_(generator=generator)


def _sgd(weights: list[torch.Tensor], grads: list[torch.Tensor], rate: torch.Tensor) -> None:
    """w <- w - rate g."""
    torch._foreach_add_(weights, grads, alpha=-float(rate))


def _momentum(
    weights: list[torch.Tensor],
    grads: list[torch.Tensor],
    m: list[torch.Tensor],
    rate: torch.Tensor,
    momentum: float,
    nesterov: bool,
) -> None:
    """m <- u m - rate g, w <- w + m for momentum u; Nesterov's is w <- w + u m - rate g with the new m."""
    torch._foreach_mul_(m, momentum)
    torch._foreach_add_(m, grads, alpha=-float(rate))
    torch._foreach_add_(weights, m, alpha=momentum if nesterov else 1.0)
    if nesterov:
        torch._foreach_add_(weights, grads, alpha=-float(rate))


def _adam(
    weights: list[torch.Tensor],
    grads: list[torch.Tensor],
    m: list[torch.Tensor],
    v: list[torch.Tensor],
    steps_done: torch.Tensor,
    rate: torch.Tensor,
    beta_1: float,
    beta_2: float,
    epsilon: float,
) -> None:
    """w <- w - rate sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + epsilon), m, v averages of g, g^2.

    PyTorch's fused update divides m by sqrt(v / (1 - b2^t)) + epsilon', so epsilon' is
    epsilon / sqrt(1 - b2^t).
    """
    step = int(steps_done) + 1
    torch._fused_adam_(
        weights,
        [grad.contiguous() for grad in grads],  # those of convolutions have other strides than the weights
        m,
        v,
        [],
        [torch.tensor(float(step), device=weights[0].device)] * len(weights),
        lr=float(rate),
        beta1=beta_1,
        beta2=beta_2,
        weight_decay=0.0,
        eps=epsilon / math.sqrt(1 - beta_2**step),
        amsgrad=False,
        maximize=False,
    )


for _name, _function in (
    ("uniform", _uniform),
    ("sgd_", _sgd),
    ("momentum_", _momentum),
    ("adam_", _adam),
):
    LIBRARY.impl(_name, _function, "CompositeExplicitAutograd")


def dropout(inputs: torch.Tensor, rate: float, noise_shape: Any = None, seed: Any = None) -> torch.Tensor:
    """x m / (1 - rate) with m = 1 where a uniform number is below 1 - rate, else 0.

    The numbers are drawn anew from the state of the seed at every run, three times as fast as Keras draws
    Bernoulli's. Only dropout with a seed has a random state that belongs to the model. Other dropout is left
    to Keras.
    """
    if not 0.0 < rate < 1.0 or getattr(seed, "_initial_seed", None) is None:
        return keras_dropout(inputs, rate, noise_shape, seed)
    shape = [
        size if other is None else other
        for size, other in zip(inputs.shape, noise_shape or inputs.shape, strict=True)
    ]
    kept = torch.ops.kzoo.uniform(draw_seed(seed), shape) < 1.0 - rate
    return inputs * (kept.to(inputs.dtype) / (1.0 - rate))


Tensors = tuple[torch.Tensor, ...]

CLOSED = 1e4
"""Far beyond where the sigmoid of float32 is exactly 0 or 1."""


def fused_lstm(
    inputs: torch.Tensor,
    h: torch.Tensor,
    c: torch.Tensor,
    mask: torch.Tensor | None,
    kernel: torch.Tensor,
    recurrent_kernel: torch.Tensor,
    bias: torch.Tensor,
    go_backwards: bool,
) -> Tensors:
    """Compute an LSTM over `(batch, time, features)` by PyTorch's fused kernel, for right-padded sequences.

    A masked step must keep the state. One more input feature, which is 1 where a step is masked, closes the
    input gate and opens the forget gate there, so that c stays; h is taken from the last step that counts.
    Backwards, each sequence is reversed within its own length. See `kzoo.training.engines.lstm`.
    """
    state = (h[None], c[None])
    if mask is None:
        inputs = torch.flip(inputs, [1]) if go_backwards else inputs
        outputs, last_h, last_c = _fused(inputs, state, kernel, recurrent_kernel, bias)
        return outputs, last_h[0], last_c[0]

    steps = torch.arange(inputs.shape[1], device=inputs.device)
    lengths = mask.sum(1, keepdim=True)
    if go_backwards:
        inputs = _take_steps(inputs, torch.where(mask, lengths - 1 - steps, steps))
    gates = CLOSED * torch.tensor([-1.0, 1.0, 0.0, 0.0], device=inputs.device)
    row = torch.repeat_interleave(gates, recurrent_kernel.shape[0])[None]
    marked = torch.cat([inputs, (~mask)[..., None].to(inputs.dtype)], -1)
    outputs, _, last_c = _fused(marked, state, torch.cat([kernel, row]), recurrent_kernel, bias)
    last = torch.clamp(lengths - 1, min=0)
    last_h = torch.where(lengths > 0, _take_steps(outputs, last)[:, 0], h)
    shift = inputs.shape[1] - lengths if go_backwards else torch.zeros_like(lengths)
    outputs = _take_steps(outputs, torch.minimum(torch.clamp(steps - shift, min=0), last))
    started = (steps >= shift) & (lengths > 0)
    return torch.where(started[..., None], outputs, 0.0), last_h, last_c[0]


def _fused(inputs: torch.Tensor, state: Tensors, kernel: Any, recurrent: Any, bias: torch.Tensor) -> Tensors:
    weights = [kernel.T.contiguous(), recurrent.T.contiguous(), bias, torch.zeros_like(bias)]
    return torch._VF.lstm(inputs, state, weights, True, 1, 0.0, torch.is_grad_enabled(), False, True)


def _take_steps(sequences: torch.Tensor, steps: torch.Tensor) -> torch.Tensor:
    """Take other steps `(batch, steps)` of sequences `(batch, time, features)`."""
    return torch.gather(sequences, 1, steps[..., None].expand(-1, -1, sequences.shape[-1]))


def channels_first(maps: torch.Tensor) -> torch.Tensor:
    """See `(batch, ..., channels)` as `(batch, channels, ...)`, the order of PyTorch's operations.

    Keras copies the maps into that order before each pooling. PyTorch's convolutions and poolings are fast in
    either order, but not where the order changes from one to the next.
    """
    return torch.movedim(maps, -1, 1)


@contextmanager
def traceable() -> Iterator[None]:
    """Put the operations of this module in the place of Keras's."""
    with (
        patch.object(random, "dropout", dropout),
        lstm_replaced(fused_lstm),
        patch.object(nn, "_transpose_spatial_inputs", channels_first),
    ):
        yield
