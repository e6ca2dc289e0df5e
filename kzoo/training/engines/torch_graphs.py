"""Graphs of ATen operations, traced from functions of Keras, so that they run without Keras's Python code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any
from unittest.mock import patch

import keras
import torch
from keras.src.backend.torch import core
from torch.fx import Graph, GraphModule, Node
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
    values in another way is returned as it is. Tracing computes the function, so arguments that it updates in
    place are updated.
    """
    try:
        with traceable(), patch.object(core, "while_loop", _first_pass):
            traced = make_fx(function)(*example)
    except RuntimeError as error:
        if "value out of a tracing tensor" not in str(error):
            raise
        return function
    _remove_detached(traced.graph)
    traced.recompile()
    marks = [node for node in traced.graph.nodes if node.target is _MARK]
    return _with_loop(traced, *marks) if marks else traced


def _remove_detached(graph: Graph) -> None:
    """Replace detached tensors by those whose memory they share, because a graph runs without gradients."""
    for node in graph.nodes:
        if node.target is torch.ops.aten.detach.default:
            node.replace_all_uses_with(node.args[0])
            graph.erase_node(node)


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
    varying, updated = {begin}, set()
    for node in nodes:
        if varying.intersection(node.all_input_nodes):
            varying.add(node)
        if isinstance(node.target, torch._ops.OpOverload) and node.target._schema.is_mutable:
            updated.add(node.args[0])
    return [] if updated - varying else [node for node in nodes if node not in varying]


def _part(traced: GraphModule, nodes: Iterable[Node], inputs: Sequence[Node], outputs: Any) -> GraphModule:
    """Return a graph of some nodes, which takes the values of others as its inputs."""
    graph = Graph()
    copies = {node: graph.placeholder(node.name) for node in inputs}
    for node in nodes:
        copies[node] = graph.node_copy(node, copies.__getitem__)
    graph.output(map_arg(outputs, copies.__getitem__))
    return GraphModule(traced, graph)
