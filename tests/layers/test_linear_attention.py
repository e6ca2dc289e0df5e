"""The forms of `LinearAttention` against one another and against the attention that it approximates."""

from __future__ import annotations

import math
import warnings
from functools import partial

import keras
import numpy as np
import pytest
from attentions import ATTENTIONS, EXAMPLES, HEADS, KEY_DIM, KEYS, QUERIES, VALUE_DIM, Row, array, quick
from hypothesis import given, settings
from hypothesis import strategies as st

from kzoo.layers import DotProductAttention, EluFeatureMap, LinearAttention, MaclaurinFeatureMap, linear_sums
from kzoo.testing import check_no_leak

ROWS = {name: row for name, row in ATTENTIONS.items() if row.kind is LinearAttention}
every = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)


@pytest.fixture
def small_chunks(monkeypatch):
    """Chunks of a few positions, and of 8 in the causal form."""
    monkeypatch.setattr(linear_sums, "CHUNK_FEATURES", 160)
    monkeypatch.setattr(linear_sums, "CAUSAL_CHUNK", 8)


def step_by_step(layer: LinearAttention, query, value, key) -> np.ndarray:
    state = layer.initial_state(query.shape[:-2], key.shape[-1], value.shape[-1])
    step, outputs = quick(layer.step), []
    for i in range(query.shape[-2]):
        arrays = (keras.ops.convert_to_tensor(x[..., i, :]) for x in (query, value, key))
        output, state = step(*arrays, state)
        outputs.append(array(output))
    return np.stack(outputs, axis=-2)


@every
def test_chunks_are_the_quadratic_form(row: Row, small_chunks):
    layer, inputs = row.built(), row.inputs(37, 67, (1,))
    for causal in (False, True):
        outputs = array(quick(partial(layer, use_causal_mask=causal))(*inputs))
        np.testing.assert_allclose(outputs, row.expect(layer, *inputs, causal=causal)[0], atol=5e-6)


@every
def test_steps_are_the_causal_form(row: Row, small_chunks):
    layer, inputs = row.built(), row.inputs(19, 19, HEADS)
    steps = step_by_step(layer, *inputs)
    np.testing.assert_allclose(steps, array(layer(*inputs, use_causal_mask=True)), atol=5e-6)


def test_the_key_of_a_step_is_its_value_if_there_is_none():
    layer, row = LinearAttention(), ROWS["linear"]
    query, _, key = (keras.ops.convert_to_tensor(x[:, 0]) for x in row.inputs())
    state = layer.initial_state((2,), KEY_DIM, KEY_DIM)
    np.testing.assert_array_equal(
        array(layer.step(query, key, None, state)[0]), array(layer.step(query, key, key, state)[0])
    )


@pytest.mark.filterwarnings("ignore:Explicitly requested dtype float64")  # JAX has none by default
def test_steps_in_float64():
    layer, row = LinearAttention(dtype="float64"), ROWS["linear"]
    arrays = [x.astype("float64") for x in row.inputs(3, 3)]
    np.testing.assert_allclose(
        step_by_step(layer, *arrays), row.expect(layer, *arrays, causal=True)[0], atol=1e-6
    )


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 12), st.booleans())
def test_any_lengths_and_chunks(queries, keys, chunk, causal):
    row = ROWS["linear"]
    layer, inputs = row.built(), row.inputs(queries, keys, (1,))
    masks = row.masks(queries, keys, (1,))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(linear_sums, "CAUSAL_CHUNK", chunk)
        patch.setattr(linear_sums, "CHUNK_FEATURES", 10 * chunk)
        call = partial(layer, use_causal_mask=causal)
        outputs = array(quick(lambda inputs, masks: call(*inputs, **masks))(inputs, masks))
    np.testing.assert_allclose(outputs, row.expect(layer, *inputs, causal=causal, **masks)[0], atol=5e-6)


def test_a_loud_future_drowns_no_sum_of_the_past(small_chunks):
    layer, (query, value, key) = LinearAttention(), ROWS["linear"].inputs(23, 23)
    expected = array(layer(query, value, key, use_causal_mask=True))
    key[:, 13:] *= 1e4
    np.testing.assert_allclose(
        array(layer(query, value, key, use_causal_mask=True))[:, :13], expected[:, :13], atol=1e-6
    )
    check_no_leak(quick(partial(layer, use_causal_mask=True)), [query, value, key], [0, 7, 8, 12, 21])


def test_chunks_that_are_masked_whole(small_chunks):
    row = ROWS["linear"]
    layer, (query, value, key) = row.built(), row.inputs(5, 71)
    mask = np.arange(71) < np.array([[71], [3]])
    expected = row.expect(layer, query, value, key, key_mask=mask)[0]
    np.testing.assert_allclose(array(layer(query, value, key, key_mask=mask)), expected, atol=5e-6)


def test_it_approaches_dot_product_attention_as_terms_grow():
    query, value, key = ROWS["linear"].inputs()
    exact = array(DotProductAttention()(query, value, key))
    scores = (query @ key.swapaxes(-1, -2)) / math.sqrt(KEY_DIM)
    errors = []
    for terms in (1, 3, 5):
        layer = LinearAttention(MaclaurinFeatureMap(terms))
        errors.append(np.abs(array(layer(query, value, key)) - exact).max())
        # Lagrange's remainder over exp(t), for the weights and, once more, for their sum.
        share = (np.abs(scores) ** terms / math.factorial(terms) * np.exp(np.maximum(-scores, 0))).max()
        assert errors[-1] < 2 * share / (1 - min(share, 0.9)) * np.abs(value).max() + 1e-6
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.02 * errors[0]


def test_an_even_number_of_terms_is_warned_of_once():
    terms = 2
    with pytest.warns(UserWarning, match=f"'terms': {terms}.* negative") as caught:
        layer = LinearAttention(MaclaurinFeatureMap(terms))
    assert len(caught) == 1
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        layer(*ROWS["linear"].inputs())
        for feature_map in (MaclaurinFeatureMap(terms + 1), EluFeatureMap()):
            LinearAttention(feature_map)


def test_what_needs_scores_is_refused():
    layer, inputs = LinearAttention(), ROWS["linear"].inputs()
    with pytest.raises(ValueError, match="LinearAttention has no scores to mask: give it query_mask"):
        layer(*inputs, attention_mask=np.ones((QUERIES, KEYS), bool))
    with pytest.raises(
        ValueError, match=r"LinearAttention has no weights to drop: dropout must be 0, not 0.1"
    ):
        LinearAttention(dropout=0.1)


def test_sums_of_many_keys_stay_exact_in_half_precision():
    query, key = np.zeros((1, 1, 2), "float16"), np.zeros((1, 5003, 2), "float16")
    value = np.linspace(0, 1, 5003, dtype="float16")[None, :, None]
    mean = array(LinearAttention(dtype="float16")(query, value, key))
    np.testing.assert_allclose(mean, value.astype("float64").mean(), atol=1e-3)


def test_keras_can_train_it():
    inputs = keras.Input((67, 3))
    outputs = keras.layers.Dense(1)(LinearAttention()(inputs, inputs))
    model = keras.Model(inputs, outputs)
    model.compile("sgd", "mse")  # with XLA wherever the layers allow it
    x = np.random.default_rng(3).normal(size=(2, 67, 3))
    before = array(model.weights[0])
    assert np.isfinite(model.train_on_batch(x, np.ones((2, 67, 1))))
    assert (array(model.weights[0]) != before).any()


def test_the_output_has_the_size_of_the_values():
    assert LinearAttention()(*ROWS["linear"].inputs()).shape == (2, QUERIES, VALUE_DIM)
