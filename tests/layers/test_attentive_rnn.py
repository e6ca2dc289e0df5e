"""`AttentiveRNN` by its equation, a step at a time in NumPy."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
from attentions import ATTENTIONS, Row, array, compiled, quick
from gradients import differentiate

from kzoo.layers import AttentiveRNN, BilinearAttention
from kzoo.testing import check_batch, check_no_leak, check_padding

STEPS, FEATURES, UNITS, KEYS, MEMORY_DIM = 5, 3, 11, 7, 13
MASK = np.array(
    [[True, False, True, True, False, True, True], [False, True, True, False, False, True, False]]
)

BILINEAR, BAHDANAU, LINEAR = (ATTENTIONS[name] for name in ("bilinear with bias", "bahdanau", "linear elu"))


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def lstm(weights: list[np.ndarray], x: np.ndarray, state: list[np.ndarray]) -> list[np.ndarray]:
    kernel, recurrent, bias = weights
    i, f, g, o = np.split(x @ kernel + state[0] @ recurrent + bias, 4, axis=-1)
    c = sigmoid(f) * state[1] + sigmoid(i) * np.tanh(g)
    return [sigmoid(o) * np.tanh(c), c]


def gru(weights: list[np.ndarray], x: np.ndarray, state: list[np.ndarray]) -> list[np.ndarray]:
    kernel, recurrent, bias = weights
    (h,) = state
    from_x, from_h = (np.split(part, 3, axis=-1) for part in (x @ kernel + bias[0], h @ recurrent + bias[1]))
    z, r = (sigmoid(ours + theirs) for ours, theirs in zip(from_x[:2], from_h[:2], strict=True))
    return [z * h + (1 - z) * np.tanh(from_x[2] + r * from_h[2])]


def simple(weights: list[np.ndarray], x: np.ndarray, state: list[np.ndarray]) -> list[np.ndarray]:
    kernel, recurrent, bias = weights
    return [np.tanh(x @ kernel + bias + state[0] @ recurrent)]


CELLS = {lstm: keras.layers.LSTMCell, gru: keras.layers.GRUCell, simple: keras.layers.SimpleRNNCell}
by_cell = pytest.mark.parametrize("equation", CELLS, ids=lambda equation: equation.__name__)


def built(equation=lstm, row: Row = BILINEAR, dtype: str = "float32") -> AttentiveRNN:
    layer = AttentiveRNN(CELLS[equation](UNITS, dtype=dtype), row.make(dtype=dtype), dtype=dtype)
    layer.build((None, None, FEATURES), (None, None, MEMORY_DIM))
    draw(layer)
    return layer


def draw(layer: keras.Layer | keras.Model) -> None:
    """Draw all weights, biases too."""
    rng = np.random.default_rng(79)
    layer.set_weights([rng.normal(0, 0.4, weight.shape) for weight in layer.weights])


def inputs(equation=lstm) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Sequences, memory and the state before the first step."""
    rng = np.random.default_rng(83)
    count = 2 if equation is lstm else 1
    shapes = [(2, STEPS, FEATURES), (2, KEYS, MEMORY_DIM), *[(2, UNITS)] * count]
    sequences, memory, *state = (rng.normal(0, 0.7, shape).astype("float32") for shape in shapes)
    return sequences, memory, state


def expect(equation, row: Row, layer: AttentiveRNN, mask: np.ndarray | None) -> np.ndarray:
    """h_1, ..., h_T"""
    sequences, memory, state = inputs(equation)
    weights, outputs = [array(weight) for weight in layer.cell.weights], []
    masks = {} if mask is None else {"key_mask": mask}
    for step in range(STEPS):
        contexts, _ = row.expect(layer.attention, state[0][:, None], memory, memory, **masks)
        x = np.concatenate([sequences[:, step], contexts[:, 0]], axis=-1)
        state = equation(weights, x, state)
        outputs.append(state[0])
    return np.stack(outputs, axis=1)


@pytest.mark.parametrize(
    ("equation", "row", "mask"),
    [(lstm, BILINEAR, None), (lstm, BAHDANAU, MASK), (gru, BILINEAR, MASK), (simple, BAHDANAU, None)],
    ids=["lstm", "lstm masked", "gru masked", "simple"],
)
def test_by_the_equation(equation, row: Row, mask):
    layer = built(equation, row)
    outputs = array(quick(lambda *arrays: layer(*arrays, memory_mask=mask))(*inputs(equation)))
    assert outputs.shape == (2, STEPS, UNITS)
    np.testing.assert_allclose(outputs, expect(equation, row, layer, mask), atol=5e-6)


def test_it_may_attend_in_linear_time():
    """Its queries are as wide as the cell, so are its keys."""
    layer = AttentiveRNN(keras.layers.GRUCell(MEMORY_DIM), LINEAR.make())
    sequences, memory, _ = inputs()
    first = memory[:, 0]
    layer.build(sequences.shape, memory.shape)
    outputs = array(layer(sequences, memory, [first], memory_mask=MASK))
    context, _ = LINEAR.expect(layer.attention, first[:, None], memory, memory, key_mask=MASK)
    x = np.concatenate([sequences[:, 0], context[:, 0]], axis=-1)
    expected = gru([array(weight) for weight in layer.cell.weights], x, [first])[0]
    np.testing.assert_allclose(outputs[:, 0], expected, atol=5e-6)


@by_cell
def test_compiled_is_eager(equation):
    layer, (sequences, memory, state) = built(equation), inputs(equation)

    def call(sequences, memory, mask, *state):
        return layer(sequences, memory, list(state), memory_mask=mask)

    arrays = (sequences, memory, MASK, *state)
    np.testing.assert_allclose(array(compiled(call)(*arrays)), array(call(*arrays)), atol=1e-6)


def test_neither_the_future_nor_padding_nor_the_batch_leaks():
    layer, (sequences, memory, state) = built(), inputs()
    check_no_leak(quick(lambda x: layer(x, memory, state)), [sequences])
    call = quick(lambda memory, mask: layer(sequences, memory, state, memory_mask=mask))
    check_padding(call, [memory], MASK, aligned=False)
    call = quick(lambda x, memory, mask, *state: layer(x, memory, list(state), memory_mask=mask))
    check_batch(call, [sequences, memory, MASK, *state])


def test_without_keys_the_context_is_zero():
    layer, (sequences, memory, state) = built(), inputs()
    blind = array(layer(sequences, memory, state, memory_mask=np.zeros((2, KEYS), bool)))
    np.testing.assert_allclose(blind, array(layer(sequences, np.zeros_like(memory), state)), atol=1e-6)


@pytest.mark.parametrize(("dtype", "tolerance"), [("mixed_float16", 0.01), ("mixed_bfloat16", 0.05)])
def test_half_precision(dtype, tolerance):
    layer = built(dtype=dtype)
    outputs = quick(lambda *arrays: layer(*arrays, memory_mask=MASK))(*inputs())
    assert keras.backend.standardize_dtype(outputs.dtype) == layer.compute_dtype
    symbolic = [keras.Input(x.shape[1:]) for x in inputs()[:2]]
    states = [keras.Input((UNITS,)), keras.Input((UNITS,))]
    assert layer(*symbolic, states).dtype == layer.compute_dtype
    np.testing.assert_allclose(array(outputs), expect(lstm, BILINEAR, layer, MASK), atol=tolerance)


def classifier(equation) -> tuple[keras.Model, list[np.ndarray]]:
    """Log-probabilities that depend on every step, and what they are of."""
    sequences, memory, state = inputs(equation)
    symbolic = keras.Input((None, FEATURES)), keras.Input((None, MEMORY_DIM))
    states = [keras.Input((UNITS,)) for _ in state]
    mask = keras.Input((None,), dtype="bool")
    layer = AttentiveRNN(CELLS[equation](UNITS), BilinearAttention(use_bias=True), name="decoder")
    outputs = layer(*symbolic, states, memory_mask=mask)
    assert outputs.shape == (None, None, UNITS)
    logits = keras.layers.GlobalAveragePooling1D()(outputs)
    model = keras.Model([*symbolic, *states, mask], keras.layers.Activation("log_softmax")(logits))
    draw(model)
    return model, [sequences, memory, *state, MASK]


@by_cell
def test_every_weight_has_a_gradient(equation):
    model, arrays = classifier(equation)
    _, gradients = differentiate(model, arrays, np.array([2, 7], "int32"), training=True)
    assert len(gradients) == 5
    for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
        assert np.isfinite(gradient).all(), variable.path
        assert np.abs(gradient).max() > 1e-6, variable.path


@by_cell
def test_a_file_keeps_the_outputs(equation, tmp_path):
    model, arrays = classifier(equation)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert type(again.get_layer("decoder").cell) is CELLS[equation]
    ours, theirs = (json.dumps(each.get_layer("decoder").get_config()) for each in (again, model))
    assert ours == theirs
    np.testing.assert_array_equal(array(again(arrays)), array(model(arrays)))


@pytest.mark.parametrize(
    ("cell", "dropout"), [({"dropout": 0.2}, 0.0), ({"recurrent_dropout": 0.2}, 0.0), ({}, 0.2)]
)
def test_dropout_within_the_loop_is_refused(cell, dropout):
    with pytest.raises(ValueError, match=r"AttentiveRNN: neither cell nor attention may have dropout"):
        AttentiveRNN(keras.layers.LSTMCell(UNITS, **cell), BilinearAttention(dropout=dropout))
