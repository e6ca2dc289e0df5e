"""What the engine of a backend does about Ctrl-C."""

from __future__ import annotations

import signal

import keras
import numpy as np
import pytest

from kzoo.training.engines import engine

on_jax = pytest.mark.skipif(keras.backend.backend() != "jax", reason="JAX alone compiles in a thread")

COMPILATION = """
import os, signal, sys, threading
import keras
import numpy as np
from kzoo.training.engines import engine

def slow(x):
    for _ in range(30):
        x = keras.ops.sort(keras.ops.sin(x)) + keras.random.normal((8, 8), seed=0)
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    return x

try:
    engine().compile_function(slow, [])(np.ones((8, 8), "float32"))
except KeyboardInterrupt:
    sys.exit(130)
"""
"""A process that gets a Ctrl-C while it compiles, which takes some seconds, and ends at once."""


@on_jax
def test_a_process_that_is_stopped_in_a_compilation_ends_in_order(python):
    done = python(COMPILATION, JAX_ENABLE_COMPILATION_CACHE="0")
    assert (done.exit_code, done.stderr) == (130, "")


@on_jax
def test_a_ctrl_c_lets_a_compilation_finish():
    traces = []

    def double(x):
        traces.append(x)
        signal.raise_signal(signal.SIGINT)
        return 2 * x

    compiled = engine().compile_function(double, [])
    with pytest.raises(KeyboardInterrupt):
        compiled(np.ones(2, "float32"))
    np.testing.assert_array_equal(compiled(np.ones(2, "float32")), [2, 2])
    assert len(traces) == 1
