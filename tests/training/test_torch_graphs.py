"""Functions traced to graphs, against the functions themselves."""

from __future__ import annotations

from functools import reduce

import keras
import numpy as np
import pytest

if keras.backend.backend() != "torch":
    pytest.skip("the graphs are PyTorch's", allow_module_level=True)

import torch
from keras import ops

from kzoo.training.engines.torch_graphs import trace

ROWS, INNER, COLUMNS, COUNT = 11, 2, 13, 5
CONSTANT = torch.ones(INNER, COLUMNS)


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.tensor(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


def factors(inner: int) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    left = [noise(inner, ROWS, seed=index) for index in range(COUNT)]
    return left, [noise(inner, COLUMNS, seed=10 + index) for index in range(COUNT)]


def summed(left: list[torch.Tensor], right: list[torch.Tensor]) -> torch.Tensor:
    return reduce(torch.add, (x.T @ y for x, y in zip(left, right, strict=True)))


def shifted(left: list[torch.Tensor], right: list[torch.Tensor]) -> torch.Tensor:
    return summed(left, right) + right[0].sum()


def with_constants(left: list[torch.Tensor], right: list[torch.Tensor]) -> torch.Tensor:
    """A sum of products with the same constant factor."""
    return reduce(torch.add, (x.T @ CONSTANT for x in left)) + right[0].sum()


def halved_twice(left: list[torch.Tensor], right: list[torch.Tensor]) -> torch.Tensor:
    """A sum one of whose parts is used once more."""
    part = summed(left[:2], right[:2])
    return part + summed(left[2:], right[2:]) + part * 0.5


def products(graph: torch.fx.GraphModule) -> int:
    return sum(node.target is torch.ops.aten.mm.default for node in graph.graph.nodes)


@pytest.mark.parametrize(
    ("function", "inner", "left_over"),
    [
        (summed, INNER, 1),
        (shifted, INNER, 1),
        (with_constants, INNER, 1),
        (summed, 40, COUNT),
        (halved_twice, INNER, 2),
    ],
)
def test_a_sum_of_small_products_is_one_product(function, inner, left_over):
    left, right = factors(inner)
    graph = trace(function, left, right)
    assert products(graph) == left_over
    others = [[each + 1 for each in group] for group in (left, right)]
    for arguments in ((left, right), others):
        torch.testing.assert_close(graph(*arguments), function(*arguments), rtol=1e-5, atol=1e-4)


def powers(base: torch.Tensor, bound: torch.Tensor) -> torch.Tensor:
    """Multiply by a matrix until the sum exceeds a bound; the matrix of a step is the same in each step."""

    def small(index, value):
        return ops.logical_and(index < 6, ops.sum(value) < bound)

    def grow(index, value):
        return index + 1, ops.matmul(value, ops.abs(base) + 0.5)

    index, value = ops.while_loop(small, grow, (ops.zeros((), "int32"), ops.ones((2, 3))))
    return index, value * 2 + ops.sum(base)


@pytest.mark.parametrize("bound", [1.0, 50.0, 1e3, 1e30])
def test_a_loop_takes_as_many_passes_as_its_condition_says(bound):
    example, other = noise(3, 3), noise(3, 3, seed=4)
    run = trace(powers, example, torch.tensor(10.0))
    for base in (example, other):
        for ours, theirs in zip(
            run(base, torch.tensor(bound)), powers(base, torch.tensor(bound)), strict=True
        ):
            torch.testing.assert_close(ours, theirs)


def test_a_loop_may_update_a_buffer():
    def fill(values):
        def write(index, buffer):
            return index + 1, ops.slice_update(buffer, (index,), ops.take(values, index)[None] * 2)

        return ops.while_loop(lambda index, buffer: index < 4, write, (ops.zeros((), "int32"), ops.zeros(4)))[
            1
        ]

    run = trace(fill, noise(4))
    values = noise(4, seed=3)
    torch.testing.assert_close(run(values), values * 2)


def test_two_loops_run_eagerly():
    def twice(values):
        return powers(values, 10.0)[1] + powers(values + 1, 20.0)[1]

    assert trace(twice, noise(3, 3)) is twice
