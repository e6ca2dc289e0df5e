"""`MultiHeadAttention` by its equation around every attention of the table in `attentions.py`."""

from __future__ import annotations

import json
from functools import partial

import keras
import numpy as np
import pytest
from attentions import ATTENTIONS, KEY_DIM, KEYS, QUERIES, VALUE_DIM, Row, array, compiled, quick
from gradients import differentiate

from kzoo.layers import DotProductAttention, LinearAttention, MultiHeadAttention, linear_sums
from kzoo.testing import check_batch, check_no_leak, check_padding

NUM_HEADS, SIZE = 3, 11
FEATURES = NUM_HEADS * SIZE

DOT = ATTENTIONS["dot-product"]
every = pytest.mark.parametrize("row", ATTENTIONS.values(), ids=ATTENTIONS)
some = pytest.mark.parametrize(
    "row", [DOT, ATTENTIONS["bahdanau"], ATTENTIONS["linear"]], ids=["dot-product", "bahdanau", "linear"]
)


def draw(layer: keras.Layer | keras.Model) -> None:
    """Draw all weights, biases too."""
    rng = np.random.default_rng(67)
    layer.set_weights([rng.normal(0, 0.2, weight.shape) for weight in layer.weights])


def built(row: Row = DOT, **options) -> MultiHeadAttention:
    dtype = options.get("dtype", "float32")
    layer = MultiHeadAttention(NUM_HEADS, row.make(dtype=dtype), **options)
    layer.build((None, None, FEATURES), (None, None, VALUE_DIM), (None, None, KEY_DIM))
    draw(layer)
    return layer


def inputs(queries: int = QUERIES, keys: int = KEYS) -> list[np.ndarray]:
    """Queries, values and keys."""
    rng = np.random.default_rng(71)
    shapes = ((2, queries, FEATURES), (2, keys, VALUE_DIM), (2, keys, KEY_DIM))
    return [rng.normal(0, 0.5, shape).astype("float32") for shape in shapes]


def project(layer: keras.layers.Dense, x: np.ndarray) -> np.ndarray:
    return x @ array(layer.kernel) + (array(layer.bias) if layer.use_bias else 0.0)


def expect(row: Row, layer: MultiHeadAttention, query, value, key, **masks) -> tuple[np.ndarray, np.ndarray]:
    """The outputs and the weights, a head and a pair of query and key at a time."""
    names = ("query", "value", "key")
    projected = [
        project(getattr(layer, f"{name}_projection"), x)
        for name, x in zip(names, (query, value, key), strict=True)
    ]
    heads, weights = [], []
    for head in range(NUM_HEADS):
        part = slice(head * SIZE, (head + 1) * SIZE)
        outputs, p = row.expect(layer.attention, *(x[..., part] for x in projected), **masks)
        heads.append(outputs)
        weights.append(p)
    return project(layer.output_projection, np.concatenate(heads, axis=-1)), np.stack(weights, axis=1)


@every
def test_by_the_equation_with_all_masks(row: Row):
    check_equation(row, causal=False)


@some
def test_by_the_equation_with_all_masks_and_the_causal_one(row: Row):
    check_equation(row, causal=True)


def check_equation(row: Row, causal: bool) -> None:
    layer, arrays, masks = built(row), inputs(), row.masks()
    call = partial(layer, use_causal_mask=causal, return_attention_scores=True)
    outputs, weights = quick(lambda arrays, masks: call(*arrays, **masks))(arrays, masks)
    expected, expected_weights = expect(row, layer, *arrays, causal=causal, **masks)
    np.testing.assert_allclose(array(weights), expected_weights, atol=2e-6)
    np.testing.assert_allclose(array(outputs), expected, atol=5e-6)
    blind = expected_weights.sum(axis=(1, 3)) == 0
    assert blind.any()
    assert not blind.all()
    bias = array(layer.output_projection.bias)
    np.testing.assert_allclose(array(outputs)[blind], np.tile(bias, (blind.sum(), 1)), atol=1e-6)


@some
@pytest.mark.parametrize("key_bias", [True, False])
def test_by_the_equation_without_masks(row: Row, key_bias):
    layer, arrays = built(row, key_bias=key_bias), inputs()
    expected, _ = expect(row, layer, *arrays)
    np.testing.assert_allclose(array(layer(*arrays)), expected, atol=5e-6)
    own = FEATURES * (FEATURES + VALUE_DIM + KEY_DIM + FEATURES) + (3 + key_bias) * FEATURES
    assert layer.count_params() == own + layer.attention.count_params()


def test_the_values_are_the_keys_if_there_are_none():
    query, value, _ = inputs()
    layer = MultiHeadAttention(NUM_HEADS)
    np.testing.assert_array_equal(array(layer(query, value)), array(layer(query, value, value)))
    assert isinstance(layer.attention, DotProductAttention)


@pytest.mark.parametrize("causal", [False, True], ids=["bidirectional", "causal"])
def test_it_is_that_of_keras_for_dot_products(causal):
    ours, arrays, masks = built(), inputs(), DOT.masks()
    masks["value_mask"][:, 0] = True
    theirs = keras.layers.MultiHeadAttention(NUM_HEADS, SIZE)
    theirs.build(*(x.shape for x in arrays))
    pairs = zip(ours.get_weights(), theirs.weights, strict=True)
    theirs.set_weights([weight.reshape(other.shape) for weight, other in pairs])

    def call(layer, arrays, masks):
        return layer(*arrays, **masks, use_causal_mask=causal, return_attention_scores=True)

    (outputs, weights), (expected, expected_weights) = (
        quick(partial(call, layer))(arrays, masks) for layer in (ours, theirs)
    )
    # Where a query sees nothing, Keras takes a mean of what is masked.
    seeing = array(weights).sum(axis=(1, 3)) > 0
    assert seeing.sum() > QUERIES
    np.testing.assert_allclose(array(outputs)[seeing], array(expected)[seeing], atol=5e-6)
    for head in range(NUM_HEADS):
        ours, theirs = array(weights)[:, head], array(expected_weights)[:, head]
        np.testing.assert_allclose(ours[seeing], theirs[seeing], atol=2e-6)


def test_the_bias_of_the_keys_changes_nothing_for_dot_products():
    layer, arrays = built(), inputs()
    expected = array(layer(*arrays))
    layer.key_projection.bias.assign(10 + np.arange(FEATURES))
    np.testing.assert_allclose(array(layer(*arrays)), expected, atol=5e-5)


@pytest.mark.parametrize("shape", [(QUERIES, KEYS), (1, QUERIES, KEYS), (2, 1, KEYS)], ids=str)
def test_an_attention_mask_broadcasts(shape):
    """Three queries for three heads would hide heads taken for queries."""
    layer, (query, value, key) = built(), inputs()
    mask = np.random.default_rng(73).random(shape) < 0.6
    mask[..., 0] = True
    whole = np.broadcast_to(mask, (2, QUERIES, KEYS))
    for count in (QUERIES, NUM_HEADS):
        cut = mask[..., :count, :]
        outputs = array(layer(query[:, :count], value, key, attention_mask=cut))
        expected, _ = expect(DOT, layer, query[:, :count], value, key, attention_mask=whole[:, :count])
        np.testing.assert_allclose(outputs, expected, atol=5e-6)


@some
def test_projecting_the_memory_first_changes_nothing(row: Row):
    layer, (query, value, key), mask = built(row), inputs(), row.masks()["key_mask"]
    keys, values = layer.project_memory(value, key)
    assert keys.shape == values.shape == (2, NUM_HEADS, KEYS, SIZE)
    for keep in (None, mask):
        expected = array(layer(query, value, key, key_mask=keep))
        np.testing.assert_allclose(array(layer.attend(query, keys, values, keep)), expected, atol=5e-6)
        one = np.concatenate(
            [array(layer.attend(query[:, i : i + 1], keys, values, keep)) for i in (0, 1)], 1
        )
        np.testing.assert_allclose(one, expected[:, :2], atol=5e-6)


def test_dropout_is_that_of_the_attention():
    layer, arrays = MultiHeadAttention(NUM_HEADS, DotProductAttention(dropout=0.5, seed=3)), inputs()
    still = array(layer(*arrays, training=False))
    assert (array(layer(*arrays, training=True)) != still).any()
    memory = layer.project_memory(*arrays[1:])
    np.testing.assert_allclose(array(layer.attend(arrays[0], *memory)), still, atol=1e-6)


@some
def test_padding_leaks_nowhere(row: Row):
    layer, (query, value, key), masks = built(row), inputs(), row.masks()
    check_padding(quick(lambda q, mask: layer(q, value, key, query_mask=mask)), [query], masks["query_mask"])
    for name in ("value_mask", "key_mask"):
        call = quick(lambda v, k, mask, name=name: layer(query, v, k, **{name: mask}))
        check_padding(call, [value, key], masks[name], aligned=False)


@some
def test_the_future_leaks_nowhere(row: Row, monkeypatch):
    monkeypatch.setattr(linear_sums, "CAUSAL_CHUNK", 3)
    layer, arrays = built(row), inputs(KEYS, KEYS)
    check_no_leak(quick(partial(layer, use_causal_mask=True)), arrays)
    with pytest.raises(AssertionError, match="after position 0"):
        check_no_leak(quick(layer), arrays)


@some
def test_a_batch_is_its_elements(row: Row):
    layer, masks = built(row), row.masks()
    call = quick(lambda *arrays: layer(*arrays[:3], **dict(zip(masks, arrays[3:], strict=True))))
    check_batch(call, [*inputs(), *masks.values()])


@some
@pytest.mark.parametrize("causal", [False, True], ids=["bidirectional", "causal"])
def test_compiled_is_eager(row: Row, causal):
    layer, masks = built(row), row.masks()

    def call(*arrays):
        named = dict(zip(masks, arrays[3:], strict=True))
        return layer(*arrays[:3], **named, use_causal_mask=causal)

    arrays = [*inputs(), *masks.values()]
    np.testing.assert_allclose(array(compiled(call)(*arrays)), array(call(*arrays)), atol=5e-6)


@some
@pytest.mark.parametrize(("dtype", "tolerance"), [("mixed_float16", 0.01), ("mixed_bfloat16", 0.08)])
def test_half_precision(row: Row, dtype, tolerance):
    layer, arrays, masks = built(row, dtype=dtype), inputs(), row.masks()
    masks["key_mask"][0] = False
    call = partial(layer, return_attention_scores=True)
    outputs, weights = quick(lambda arrays, masks: call(*arrays, **masks))(arrays, masks)
    for tensor in (outputs, weights):
        assert keras.backend.standardize_dtype(tensor.dtype) == layer.compute_dtype
        assert np.isfinite(array(tensor)).all()
    assert not array(weights)[0].any()
    np.testing.assert_allclose(array(outputs), expect(row, layer, *arrays, **masks)[0], atol=tolerance)


@some
def test_shapes_without_data(row: Row):
    layer = MultiHeadAttention(NUM_HEADS, row.make(dtype="mixed_float16"), dtype="mixed_float16")
    arguments = [keras.Input((None, dim)) for dim in (FEATURES, VALUE_DIM, KEY_DIM)]
    outputs, weights = layer(*arguments, return_attention_scores=True)
    assert (outputs.shape, weights.shape) == ((None, None, FEATURES), (None, NUM_HEADS, None, None))
    assert outputs.dtype == weights.dtype == "float16"
    assert layer(*arguments).shape == (None, None, FEATURES)


def classifier(row: Row) -> tuple[keras.Model, list[np.ndarray]]:
    """Log-probabilities that depend on all outputs of all heads, and what they are of."""
    sources = [keras.Input(shape) for shape in ((QUERIES, FEATURES), (KEYS, VALUE_DIM), (KEYS, KEY_DIM))]
    mask = keras.Input((KEYS,), dtype="bool")
    outputs = MultiHeadAttention(NUM_HEADS, row.make(), name="heads")(*sources, value_mask=mask)
    logits = keras.layers.Flatten()(outputs)
    model = keras.Model([*sources, mask], keras.layers.Activation("log_softmax")(logits))
    draw(model)
    return model, [*inputs(), row.masks()["value_mask"]]


@some
def test_every_weight_has_a_gradient(row: Row):
    model, arrays = classifier(row)
    _, gradients = differentiate(model, arrays, np.array([7, 61], "int32"), training=True)
    assert len(gradients) >= 8
    for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
        assert np.isfinite(gradient).all(), variable.path
        # The softmax makes a bias of the keys of no consequence, where it is one of dot products.
        idle = row is DOT and variable.path.endswith("key/bias")
        assert (np.abs(gradient).max() < 1e-7) == idle, variable.path


@some
def test_a_file_keeps_the_outputs(row: Row, tmp_path):
    model, arrays = classifier(row)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert type(again.get_layer("heads").attention) is row.kind
    ours, theirs = (json.dumps(each.get_layer("heads").get_config()) for each in (again, model))
    assert ours == theirs
    np.testing.assert_array_equal(array(again(arrays)), array(model(arrays)))


def test_implicit_masks_are_the_explicit_ones():
    targets, sources = np.array([[3, 1, 0, 0], [2, 5, 4, 0]]), np.array([[1, 0, 2, 0, 0], [6, 2, 1, 4, 0]])
    embedding, layer = keras.layers.Embedding(7, FEATURES, mask_zero=True), MultiHeadAttention(NUM_HEADS)
    ids = [keras.Input((None,), dtype="int32"), keras.Input((None,), dtype="int32")]
    outputs = layer(*map(embedding, ids))
    model = keras.Model(ids, [outputs, keras.layers.GlobalAveragePooling1D()(outputs)])
    implicit, mean = map(array, model([targets, sources]))
    query, value = (keras.ops.convert_to_numpy(embedding.embeddings)[ids] for ids in (targets, sources))
    explicit = array(layer(query, value, query_mask=targets > 0, value_mask=sources > 0))
    np.testing.assert_allclose(implicit, explicit, atol=1e-6)
    kept = (targets > 0)[..., None]
    np.testing.assert_allclose(mean, (explicit * kept).sum(axis=1) / kept.sum(axis=1), atol=1e-6)


# ---- errors ----


@pytest.mark.parametrize("num_heads", [0, -1])
def test_the_number_of_heads_must_be_positive(num_heads):
    with pytest.raises(ValueError, match=f"num_heads must be positive, not {num_heads}"):
        MultiHeadAttention(num_heads)


@pytest.mark.parametrize("make", [np.zeros, lambda shape: keras.Input(shape[1:])], ids=["eager", "symbolic"])
def test_the_heads_must_divide_the_features(make):
    with pytest.raises(ValueError, match="MultiHeadAttention: 3 heads cannot share 32 features evenly"):
        MultiHeadAttention(3)(make((2, QUERIES, 32)), make((2, KEYS, 32)))


def test_linear_heads_refuse_an_attention_mask():
    layer, mask = MultiHeadAttention(NUM_HEADS, LinearAttention()), np.ones((2, QUERIES, KEYS), bool)
    with pytest.raises(ValueError, match="LinearAttention has no scores to mask"):
        layer(*inputs(), attention_mask=mask)
