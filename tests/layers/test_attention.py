"""Every attention layer of the table in `attentions.py`, by its equation and by what all of them promise."""

from __future__ import annotations

import itertools
from functools import partial

import keras
import numpy as np
import pytest
from attentions import (
    ATTENTIONS,
    EXAMPLES,
    HEADS,
    KEY_DIM,
    KEYS,
    QUERIES,
    VALUE_DIM,
    Row,
    array,
    compiled,
    quick,
)
from gradients import differentiate
from hypothesis import given, settings
from hypothesis import strategies as st

import kzoo.layers
from kzoo.layers import Attention, BilinearAttention, DotProductAttention, linear_sums
from kzoo.testing import check_batch, check_no_leak, check_padding

every = pytest.mark.parametrize("row", ATTENTIONS.values(), ids=ATTENTIONS)
with_scores = pytest.mark.parametrize(
    "row", [row for row in ATTENTIONS.values() if row.has_scores], ids=lambda row: row.kind.__name__
)


def test_the_table_has_every_attention():
    public = [getattr(kzoo.layers, name) for name in kzoo.layers.__all__]
    attentions = {kind for kind in public if isinstance(kind, type) and issubclass(kind, Attention)}
    assert {row.kind for row in ATTENTIONS.values()} == attentions - {Attention}


@every
@pytest.mark.parametrize(("before", "causal"), [((2,), False), (HEADS, True)], ids=["3-D", "4-D causal"])
def test_by_the_equation_with_all_masks(row: Row, before, causal):
    layer, inputs = row.built(), row.inputs(before=before)
    masks = row.masks(before=before)

    def call(inputs, masks):
        return layer(*inputs, **masks, use_causal_mask=causal, return_attention_scores=True)

    outputs, weights = quick(call)(inputs, masks)
    expected, expected_weights = row.expect(layer, *inputs, causal=causal, **masks)
    empty = expected_weights.sum(axis=-1) == 0
    assert empty.any()
    assert not empty.all()
    np.testing.assert_allclose(array(weights), expected_weights, atol=2e-6)
    np.testing.assert_allclose(array(outputs), expected, atol=5e-6)
    assert not array(outputs)[empty].any()


@every
def test_without_masks_the_weights_sum_to_1(row: Row):
    layer, inputs = row.built(), row.inputs()
    outputs, weights = quick(partial(layer, return_attention_scores=True))(*inputs)
    np.testing.assert_allclose(array(weights).sum(axis=-1), 1.0, atol=1e-6)
    expected, expected_weights = row.expect(layer, *inputs)
    np.testing.assert_allclose(array(weights), expected_weights, atol=2e-6)
    np.testing.assert_allclose(array(outputs), expected, atol=5e-6)
    np.testing.assert_allclose(array(layer(*inputs)), array(outputs), atol=1e-6)


@every
def test_the_values_are_the_keys_if_there_are_none(row: Row):
    layer = row.make()
    query, _, key = row.inputs()
    np.testing.assert_array_equal(array(layer(query, key)), array(layer(query, key, key)))


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
@given(st.integers(1, 6), st.integers(1, 6), st.booleans(), st.integers(0, 99), st.data())
def test_any_shapes_and_masks(queries, keys, causal, seed, data):
    for row in ATTENTIONS.values():
        layer, inputs, masks = row.built(), row.inputs(queries, keys), row.masks(queries, keys, seed=seed)
        masks = {name: masks[name] for name in sorted(masks) if data.draw(st.booleans(), label=name)}
        expected, _ = row.expect(layer, *inputs, causal=causal, **masks)
        call = partial(layer, use_causal_mask=causal)
        outputs = array(quick(lambda inputs, masks, call=call: call(*inputs, **masks))(inputs, masks))
        np.testing.assert_allclose(outputs, expected, atol=5e-6, err_msg=row.kind.__name__)


@every
@pytest.mark.parametrize(("dtype", "tolerance"), [("float16", 0.01), ("bfloat16", 0.08)])
def test_half_precision(row: Row, dtype, tolerance):
    layer, inputs, masks = row.built(dtype=dtype), row.inputs(), row.masks()
    masks["key_mask"][0] = False
    call = partial(layer, return_attention_scores=True)
    outputs, weights = quick(lambda inputs, masks: call(*inputs, **masks))(inputs, masks)
    for tensor in (outputs, weights):
        assert keras.backend.standardize_dtype(tensor.dtype) == dtype
        assert np.isfinite(array(tensor)).all()
        assert not array(tensor)[0].any()
    np.testing.assert_allclose(array(outputs), row.expect(layer, *inputs, **masks)[0], atol=tolerance)


def test_scores_beyond_float16_are_no_nan():
    query = np.full((1, 2, 64), 40, "float16")
    query[0, 1] /= 2
    for layer in (
        DotProductAttention(scaled=False, dtype="float16"),
        BilinearAttention(kernel_initializer="identity", dtype="float16"),
    ):
        outputs = array(layer(*map(keras.ops.convert_to_tensor, (query, query))))
        np.testing.assert_array_equal(outputs, query[:, [0, 0]])  # all look at the longer key


@every
def test_padding_leaks_nowhere(row: Row):
    layer, (query, value, key), masks = row.built(), row.inputs(), row.masks()
    assert not any(mask.all() for mask in masks.values())
    check_padding(quick(lambda q, mask: layer(q, value, key, query_mask=mask)), [query], masks["query_mask"])
    for name in ("value_mask", "key_mask"):
        check_padding(
            quick(lambda v, k, mask, name=name: layer(query, v, k, **{name: mask})),
            [value, key],
            masks[name],
            aligned=False,
        )


@every
def test_the_future_leaks_nowhere(row: Row, monkeypatch):
    monkeypatch.setattr(linear_sums, "CAUSAL_CHUNK", 3)
    layer, inputs, mask = row.built(), row.inputs(KEYS, KEYS), row.masks()["key_mask"]
    check_no_leak(quick(partial(layer, key_mask=mask, use_causal_mask=True)), inputs)
    with pytest.raises(AssertionError, match="after position 0"):
        check_no_leak(quick(partial(layer, key_mask=mask)), inputs)


@every
def test_a_batch_is_its_elements(row: Row):
    layer, masks = row.built(), row.masks()
    check_batch(
        quick(lambda *arrays: layer(*arrays[:3], **dict(zip(masks, arrays[3:], strict=True)))),
        [*row.inputs(), *masks.values()],
    )


@every
@pytest.mark.parametrize("causal", [False, True], ids=["bidirectional", "causal"])
def test_compiled_is_eager(row: Row, causal):
    layer, inputs, masks = row.built(), row.inputs(), row.masks()

    def call(*arrays):
        named = dict(zip(masks, arrays[3:], strict=True))
        return layer(*arrays[:3], **named, use_causal_mask=causal)

    arrays = [*inputs, *masks.values()]
    np.testing.assert_allclose(array(compiled(call)(*arrays)), array(call(*arrays)), atol=1e-6)


def classifier(row: Row, names: list[str]) -> keras.Model:
    """Projections before the layer, so that its gradient for its inputs is seen, and classes after it."""
    inputs = [keras.Input((size, 3)) for size in (QUERIES, KEYS, KEYS)]
    sizes = {"query_mask": (QUERIES,), "attention_mask": (QUERIES, KEYS)}
    masks = {name: keras.Input(sizes.get(name, (KEYS,)), dtype="bool") for name in names}
    dims = zip(("query", "value", "key"), inputs, (row.query_dim, VALUE_DIM, KEY_DIM), strict=True)
    projected = [keras.layers.Dense(dim, "tanh", name=name)(x) for name, x, dim in dims]
    # Positional, as a user may give them.
    outputs = row.make(name="attention")(*projected, *(masks.get(name) for name in MASKS))
    logits = keras.layers.Flatten()(outputs)
    model = keras.Model([*inputs, *masks.values()], keras.layers.Activation("log_softmax")(logits))
    rng = np.random.default_rng(37)
    model.set_weights([rng.normal(0, 0.4, weight.shape) for weight in model.weights])
    return model


MASKS = ("query_mask", "value_mask", "key_mask", "attention_mask")


def examples(row: Row, dtype: str = "float32") -> list[np.ndarray]:
    rng = np.random.default_rng(41)
    sizes = (QUERIES, KEYS, KEYS)
    return [*(rng.normal(size=(2, size, 3)).astype(dtype) for size in sizes), *row.masks().values()]


@every
def test_gradients_are_finite_differences(row: Row, precision):
    # Keras computes in float64 on TensorFlow only.
    exact = keras.backend.backend() == "tensorflow"
    dtype, step, tolerance = ("float64", 1e-5, 1e-7) if exact else ("float32", 5e-4, 1e-3)
    precision(dtype)
    model, arrays = classifier(row, list(row.masks())), examples(row, dtype)
    labels = np.array([VALUE_DIM + 2, 3 * VALUE_DIM + 5], "int32")
    _, gradients = differentiate(model, arrays, labels, training=False)
    rng = np.random.default_rng(43)

    def loss(variable, value):
        variable.assign(value)
        return -np.take_along_axis(array(model(arrays)), labels[:, None], -1).mean()

    assert len(gradients) >= 6
    for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
        assert np.isfinite(gradient).all(), variable.path
        size = np.linalg.norm(gradient.astype("float64"))
        if variable.path.endswith(row.idle):
            assert size < 1e-6
            continue
        assert size > 1e-6, variable.path
        at, direction = array(variable), rng.normal(size=gradient.shape)
        direction = direction / np.linalg.norm(direction) + gradient / size
        slope = (loss(variable, at + step * direction) - loss(variable, at - step * direction)) / (2 * step)
        variable.assign(at)
        assert abs(slope - (gradient * direction).sum()) < tolerance * (1 + 40 * size), variable.path


@every
def test_a_file_keeps_the_outputs(row: Row, tmp_path):
    model, arrays = classifier(row, list(row.masks())), examples(row)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert type(again.get_layer("attention")) is row.kind
    assert again.get_layer("attention").get_config() == model.get_layer("attention").get_config()
    np.testing.assert_array_equal(array(again(arrays)), array(model(arrays)))


@every
def test_implicit_masks_are_the_explicit_ones(row: Row):
    targets, sources = np.array([[3, 1, 0, 0], [2, 5, 4, 0]]), np.array([[1, 0, 2, 0, 0], [6, 2, 1, 4, 0]])
    inputs = [keras.Input((None,), dtype="int32"), keras.Input((None,), dtype="int32")]
    embedding = keras.layers.Embedding(7, KEY_DIM, mask_zero=True)
    layer = row.make()
    outputs = layer(*map(embedding, inputs))
    # The queries' mask stays with the outputs: the mean is over those that count.
    model = keras.Model(inputs, [outputs, keras.layers.GlobalAveragePooling1D()(outputs)])
    implicit, mean = map(array, model([targets, sources]))
    query, value = (keras.ops.convert_to_numpy(embedding.embeddings)[ids] for ids in (targets, sources))
    explicit = array(layer(query, value, query_mask=targets > 0, value_mask=sources > 0))
    np.testing.assert_allclose(implicit, explicit, atol=1e-6)
    np.testing.assert_allclose(
        mean, explicit.sum(axis=1) / (targets > 0).sum(axis=1, keepdims=True), atol=1e-6
    )


@with_scores
def test_dropout(row: Row):
    queries, rate, seeds = 89, 0.3, (5, 5, 6)
    query, _, key = row.inputs(queries)
    seen = np.broadcast_to(np.eye(KEYS, dtype="float32"), (2, KEYS, KEYS))  # the outputs are the weights
    layers = [row.built(dropout=rate, seed=seed) for seed in seeds]
    first, same, other = (
        layer(query, seen, key, training=True, return_attention_scores=True) for layer in layers
    )
    weights = array(row.built()(query, seen, key))
    np.testing.assert_array_equal(array(layers[0](query, seen, key, training=False)), weights)
    dropped = array(first[0]) == 0
    assert abs(dropped.mean() - rate) < 4 * np.sqrt(rate * (1 - rate) / dropped.size)
    np.testing.assert_allclose(array(first[0])[~dropped], weights[~dropped] / (1 - rate), rtol=1e-5)
    np.testing.assert_array_equal(array(first[1]), weights)  # as keras.layers.MultiHeadAttention returns them
    np.testing.assert_array_equal(array(same[0]), array(first[0]))
    assert (array(other[0]) != array(first[0])).any()
    again = array(layers[0](query, seen, key, training=True))
    assert (again != array(first[0])).any()


@every
def test_shapes_without_data(row: Row):
    query, value, key = (keras.Input((None, dim)) for dim in (row.query_dim, VALUE_DIM, KEY_DIM))
    outputs, weights = row.make(dtype="mixed_float16")(query, value, key, return_attention_scores=True)
    assert (outputs.shape, weights.shape) == ((None, None, VALUE_DIM), (None, None, None))
    assert outputs.dtype == weights.dtype == "float16"


@every
@pytest.mark.parametrize("make", [np.zeros, lambda shape: keras.Input(shape[1:])], ids=["eager", "symbolic"])
def test_wrong_shapes_are_refused_by_name(row: Row, make):
    query, value, key = (2, QUERIES, row.query_dim), (2, KEYS, VALUE_DIM), (2, KEYS, KEY_DIM)
    wrong = {
        "of one rank": (query, (2, 3, *value[1:]), key),
        "as many values as keys": (query, (2, 3, VALUE_DIM), key),
    }
    if row.query_dim == KEY_DIM:
        wrong["as many features in a query as in a key"] = ((2, QUERIES, 2), value, key)
    for message, shapes in wrong.items():
        with pytest.raises(ValueError, match=f"{row.kind.__name__} expected .*{message}; got query"):
            row.make()(*map(make, shapes))


@every
@pytest.mark.parametrize("dropout", [-0.1, 1.0])
def test_dropout_out_of_range_is_refused(row: Row, dropout):
    with pytest.raises(ValueError, match=f"dropout must lie in .* not {dropout}"):
        row.make(dropout=dropout)


def test_kernels_are_drawn_apart_unless_a_seed_says_otherwise():
    def kernels(initializer):
        layer = kzoo.layers.BahdanauAttention(KEY_DIM, kernel_initializer=initializer)
        layer.build((None, None, KEY_DIM), (None, None, KEY_DIM))
        return [array(part.kernel) for part in (layer.query_projection, layer.key_projection)]

    for one, other in itertools.combinations(kernels("glorot_uniform") + kernels("glorot_uniform"), 2):
        assert (one != other).any()
    seeded = keras.initializers.GlorotUniform(seed=3)
    np.testing.assert_array_equal(kernels(seeded)[0], kernels(seeded)[0])


@pytest.mark.parametrize("units", [0, -1])
def test_units_must_be_positive(units):
    with pytest.raises(ValueError, match=f"units must be positive, not {units}"):
        kzoo.layers.BahdanauAttention(units)
