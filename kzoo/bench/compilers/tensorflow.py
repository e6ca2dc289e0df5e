"""The compiler for TensorFlow: a graph for each shape, without XLA, which is slower on a CPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

FUSED_SOFTMAX = False


def compile_call(function: Callable[..., Any], inputs: tuple[Any, ...], backward: bool) -> Callable[[], Any]:
    """Compile a function as a graph, see `kzoo.bench.compilers`."""

    def gradients(*inputs: tf.Tensor) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            loss = tf.nn.l2_loss(function(*inputs))
        return tape.gradient(loss, inputs, unconnected_gradients="zero")

    compiled = tf.function(gradients if backward else function, autograph=False)
    compiled.get_concrete_function(*inputs)

    def run() -> Any:
        outputs = compiled(*inputs)
        for output in tf.nest.flatten(outputs):
            output[..., :1, :1].numpy()  # waits for a GPU
        return outputs

    return run


def device_peak(run: Callable[[], Any]) -> int | None:
    """Return the peak of a call on the first GPU, see `kzoo.bench.compilers`."""
    if not tf.config.list_physical_devices("GPU"):
        return None
    tf.config.experimental.reset_memory_stats("GPU:0")
    before = tf.config.experimental.get_memory_info("GPU:0")["current"]
    run()
    return tf.config.experimental.get_memory_info("GPU:0")["peak"] - before
