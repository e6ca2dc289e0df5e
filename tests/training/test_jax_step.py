"""The training steps of JAX: one after the other on a CPU, as a loop on a GPU."""

from __future__ import annotations

import keras
import numpy as np
import pytest

if keras.backend.backend() != "jax":
    pytest.skip("the steps are JAX's", allow_module_level=True)

from kzoo.training.engines import jax as module
from kzoo.training.objective import token_losses, transduction

ORDER = np.arange(20, dtype=np.int32).reshape(10, 2) % 7
LENGTHS = np.array([[3, 2], [3, 2], [5, 2], [5, 4], [5, 4], [5, 4], [3, 2], [3, 2], [3, 2], [3, 4]], np.int32)


def train() -> tuple[float, list[np.ndarray]]:
    """Train a model with dropout and a state on cut sequences; return the loss and all values."""
    keras.utils.set_random_seed(2)
    source, target = (keras.Input((None,), dtype="int32", name=name) for name in ("source_ids", "target_ids"))
    embed = keras.layers.Embedding(9, 4)
    mean = keras.ops.mean(embed(source), axis=1, keepdims=True)
    hidden = keras.layers.Dropout(0.5)(embed(target) + mean)
    outputs = keras.layers.Activation("log_softmax")(keras.layers.Dense(9)(hidden))
    model = keras.Model({"source_ids": source, "target_ids": target}, outputs)
    optimizer = module.Adam(learning_rate=0.1)
    optimizer.build(model.trainable_variables)
    rng = np.random.default_rng(3)
    arrays = [keras.ops.convert_to_tensor(rng.integers(1, 9, (7, width), np.int32)) for width in (5, 6)]
    run = module.compile_training(model, optimizer, transduction("source_ids", token_losses))
    loss = run(arrays, ORDER, LENGTHS)
    return loss, [np.asarray(variable.value) for variable in [*model.variables, *optimizer.variables]]


def test_a_loop_takes_the_same_steps(monkeypatch):
    loss, values = train()
    monkeypatch.setattr(module, "on_cpu", lambda: False)
    in_loops, found = train()
    np.testing.assert_allclose(in_loops, loss, rtol=1e-5)
    for ours, theirs in zip(found, values, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_a_block_is_consecutive_steps_of_the_same_lengths():
    blocks = list(module._blocks(ORDER, LENGTHS))
    assert [len(rows) for rows, _ in blocks] == [2, 1, 3, 3, 1]
    assert [lengths for _, lengths in blocks] == [(3, 2), (5, 2), (5, 4), (3, 2), (3, 4)]
    np.testing.assert_array_equal(np.concatenate([rows for rows, _ in blocks]), ORDER)
    ((rows, lengths),) = module._blocks(ORDER, np.zeros((10, 0), np.int32))
    assert lengths == ()
    np.testing.assert_array_equal(rows, ORDER)
