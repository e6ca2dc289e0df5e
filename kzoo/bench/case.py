"""The cases of the attention benchmark: a method, a size, and a forward or backward pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

FLOAT_BYTES = 4


class AttentionCase(BaseModel, frozen=True):
    """A method of `kzoo.bench.methods` on query, key and value of shape (1, length, dim), float32."""

    method: str
    length: int
    dim: int
    backward: bool

    def compile(self) -> Callable[[], Any]:
        """Return a function without arguments that computes the outputs, or the gradients if `backward`."""
        from kzoo.bench.compilers import compiler
        from kzoo.bench.methods import create, random_inputs

        inputs = random_inputs(self.length, self.dim)
        return compiler().compile_call(create(self.method), inputs, self.backward)

    @property
    def output_bytes(self) -> int:
        """The bytes of the results: the outputs, or a gradient for each input."""
        return (3 if self.backward else 1) * FLOAT_BYTES * self.length * self.dim

    @property
    def score_bytes(self) -> int:
        """The bytes of the scores and weights of all queries and keys, 0 for a method that never stores them.

        The gradients double them.
        """
        from kzoo.bench.compilers import compiler
        from kzoo.bench.methods import KERAS_SOFTMAX, SOFTMAX

        fused = compiler().FUSED_SOFTMAX and self.method == KERAS_SOFTMAX
        if fused or self.method not in SOFTMAX:
            return 0
        return (4 if self.backward else 2) * FLOAT_BYTES * self.length**2

    def __str__(self) -> str:
        passes = "forward and backward" if self.backward else "forward"
        return f"{self.method} at L = {self.length:,}, D = {self.dim}, {passes}"
