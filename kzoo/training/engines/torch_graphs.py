"""Graphs of ATen operations, traced from functions of Keras, so that they run without Keras's Python code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch

import keras
import torch
from keras.src.backend.torch import core
from torch.fx import Graph, GraphModule, Node
from torch.fx.experimental import proxy_tensor
from torch.fx.experimental.proxy_tensor import make_fx
from torch.fx.node import map_arg

from kzoo.training.engines.torch_operations import LIBRARY, traceable

Function = Callable[..., Any]

LIBRARY.define("mark(Tensor[] values) -> Tensor[]")
LIBRARY.impl("mark", lambda values: [value.clone() for value in values], "CompositeExplicitAutograd")
_MARK = torch.ops.kzoo.mark.default
"""The identity. A graph has one mark where a loop begins and one where its first pass ends."""


def trace(function: Function, *example: Any) -> Function:
    """Return the graph of a function for arguments with the shapes of an example.

    The function may have one `ops.while_loop`, whose passes have equal shapes. A function that branches on
    values in another way, or has several loops, is returned as it is. Tracing computes the function, so
    arguments that it updates in place are updated.
    """
    try:
        with traceable(), _without_fake_values(), patch.object(core, "while_loop", _first_pass):
            traced = make_fx(function)(*example)
    except RuntimeError as error:
        if "value out of a tracing tensor" not in str(error):
            raise
        return function
    _remove_detached(traced.graph)
    _merge_products(traced.graph)
    traced.recompile()
    marks = [node for node in traced.graph.nodes if node.target is _MARK]
    if not marks:
        return traced
    return _with_loop(traced, *marks) if len(marks) == 2 else function


def _without_fake_values() -> AbstractContextManager[Any]:
    """Return a context in which nodes have no fake tensors in their metadata.

    make_fx makes each in a mode of its own, and each mode records the stack. That takes two thirds of the
    time of a trace.
    """
    return patch.object(proxy_tensor, "extract_val", lambda value, include_real=False: None)


def _remove_detached(graph: Graph) -> None:
    """Replace detached tensors by those whose memory they share, because a graph runs without gradients."""
    for node in graph.nodes:
        if node.target is torch.ops.aten.detach.default:
            node.replace_all_uses_with(node.args[0])
            graph.erase_node(node)


def _merge_products(graph: Graph) -> None:
    """Compute sums of products as one product: A_1 B_1 + ... + A_n B_n = [A_1 ... A_n] [B_1; ...; B_n].

    The gradient of a recurrent kernel is such a sum over all steps.
    """
    for node in reversed(list(graph.nodes)):
        if node.target in (_ADD, _PRODUCT) and not node.users:  # a part of a sum that was replaced
            graph.erase_node(node)
        elif (factors := _summed_products(node)) and _is_worth(node, factors):
            with graph.inserting_before(node):
                node.replace_all_uses_with(_stacked_product(graph, factors))
            graph.erase_node(node)


def _stacked_product(graph: Graph, factors: Sequence[tuple[Node, Node]]) -> Node:
    # The rows of a transposed factor lie together in memory, as in A_t = x_t^T of a gradient.
    left = [graph.call_function(_TRANSPOSE, (factor,)) for factor, _ in factors]
    above, right = (
        graph.call_function(_STACK, (each,)) for each in (left, [factor for _, factor in factors])
    )
    return graph.call_function(_PRODUCT, (graph.call_function(_TRANSPOSE, (above,)), right))


_ADD, _PRODUCT = torch.ops.aten.add.Tensor, torch.ops.aten.mm.default
_TRANSPOSE, _STACK = torch.ops.aten.t.default, torch.ops.aten.cat.default


def _is_worth(total: Node, factors: Sequence[tuple[Node, Node]]) -> bool:
    """Return whether copies of the factors take less memory than all of their products."""
    sizes = [_shape(factor).numel() for pair in factors for factor in pair]
    return sum(sizes) < len(factors) * _shape(total).numel()


def _shape(node: Node) -> torch.Size:
    if node.op == "get_attr":  # a constant
        return getattr(node.graph.owning_module, node.target).shape
    return node.meta["tensor_meta"].shape


def _summed_products(node: Node) -> list[tuple[Node, Node]]:
    """Return the factors of the products that a node is the sum of; none if it adds anything else."""
    found, waiting = [], [node] if node.target is _ADD else []
    while waiting:
        each = waiting.pop()
        if each is not node and len(each.users) > 1:
            return []
        if each.target is _PRODUCT:
            found.append(each.args)
        elif each.target is _ADD and not each.kwargs and all(isinstance(x, Node) for x in each.args):
            waiting += each.args
        else:
            return []
    return found


def _first_pass(proceed: Function, body: Function, begun: Any, maximum_iterations: None = None) -> Any:
    """Compute the first pass of a loop between two marks; the loop's own condition is its only limit."""
    return _mark(proceed, body(*_mark(proceed, begun)))


def _mark(proceed: Function, values: Any) -> Any:
    """Mark whether a loop goes on and its values, and return the values."""
    flat = map(keras.ops.convert_to_tensor, keras.tree.flatten(values))
    return keras.tree.pack_sequence_as(values, torch.ops.kzoo.mark([proceed(*values), *flat])[1:])


def _with_loop(traced: GraphModule, begin: Node, end: Node) -> Function:
    """Return a function that computes what precedes the marks, then the passes of the loop, then the rest."""
    nodes = list(traced.graph.nodes)
    first, last = nodes.index(begin), nodes.index(end)
    before, once, after, output = nodes[:first], nodes[first + 1 : last], nodes[last + 1 : -1], nodes[-1]
    constant = _invariant(once, begin)
    before, once = before + constant, [node for node in once if node not in set(constant)]
    later = {*once, end, *after, output}
    shared = [node for node in before if later.intersection(node.users)]
    prepare = _part(traced, before, [], [begin.args[0], shared])
    advance = _part(traced, once, [begin, *shared], end.args[0])
    finish = _part(traced, after, [end, *shared], output.args[0])

    def run(*inputs: Any) -> Any:
        values, kept = prepare(*traced.graph.process_inputs(*inputs))
        while values[0]:
            values = advance(values, *kept)
        return traced.graph.process_outputs(finish(values, *kept))

    return run


def _invariant(nodes: Sequence[Node], begin: Node) -> list[Node]:
    """Return the nodes of a pass with the same values in every pass."""
    varying, updated = {begin}, set[Node]()
    for node in nodes:
        if varying.intersection(node.all_input_nodes):
            varying.add(node)
        if isinstance(node.target, torch._ops.OpOverload) and node.target._schema.is_mutable:
            map_arg(node.args[0], updated.add)  # one tensor or several
    return [] if updated - varying else [node for node in nodes if node not in varying]


def _part(traced: GraphModule, nodes: Iterable[Node], inputs: Sequence[Node], outputs: Any) -> GraphModule:
    """Return a graph of some nodes, which takes the values of others as its inputs."""
    graph = Graph()
    copies = {node: graph.placeholder(node.name) for node in inputs}
    for node in nodes:
        copies[node] = graph.node_copy(node, copies.__getitem__)
    graph.output(map_arg(outputs, copies.__getitem__))
    return GraphModule(traced, graph)
