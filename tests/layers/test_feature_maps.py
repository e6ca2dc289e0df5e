"""The feature maps by their dot products."""

from __future__ import annotations

import itertools
import math

import keras
import numpy as np
import pytest
from attentions import EXAMPLES, array
from gradients import differentiate
from hypothesis import given, settings
from hypothesis import strategies as st

from kzoo.layers import EluFeatureMap, FeatureMap, MaclaurinFeatureMap

DIM = 3


def vectors(scale: float = 0.7) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(47)
    return tuple(rng.normal(0, scale, (2, count, DIM)).astype("float32") for count in (3, 7))


def dots(feature_map: FeatureMap, query: np.ndarray, key: np.ndarray) -> np.ndarray:
    features = [array(feature_map(keras.ops.convert_to_tensor(x))) for x in (query, key)]
    return features[0] @ features[1].swapaxes(-1, -2)


@pytest.mark.parametrize("merged", [False, True], ids=["plain", "merged"])
@pytest.mark.parametrize("terms", [1, 2, 3, 4])
def test_maclaurin_features_multiply_to_the_series(terms, merged):
    feature_map, (query, key) = MaclaurinFeatureMap(terms, merged), vectors()
    scores = query.astype("float64") @ key.swapaxes(-1, -2)
    series = sum(scores**n / math.factorial(n) for n in range(terms))
    np.testing.assert_allclose(dots(feature_map, query, key), series, rtol=1e-4, atol=1e-5)
    similarity = feature_map.similarity(*map(keras.ops.convert_to_tensor, (query, key)))
    np.testing.assert_allclose(array(similarity), series, rtol=1e-4, atol=1e-5)
    remainder = np.abs(scores) ** terms / math.factorial(terms) * np.exp(np.maximum(scores, 0))
    assert (np.abs(series - np.exp(scores)) <= remainder + 1e-12).all()
    assert (np.abs(dots(feature_map, query, key) - np.exp(scores)) <= remainder + 1e-5).all()
    assert feature_map.positive == (terms % 2 == 1)


def test_the_error_falls_with_the_terms():
    query, key = vectors()
    exact = np.exp(query.astype("float64") @ key.swapaxes(-1, -2))
    errors = [np.abs(dots(MaclaurinFeatureMap(terms), query, key) - exact).max() for terms in range(1, 7)]
    assert errors == sorted(errors, reverse=True)


@pytest.mark.parametrize("dim", [1, 4, 5])
@pytest.mark.parametrize("terms", [3, 4])
def test_maclaurin_features_are_the_products_by_hand(terms, dim):
    x = np.random.default_rng(53).normal(size=dim).astype("float32")
    tuples = [t for n in range(terms) for t in itertools.product(range(dim), repeat=n)]
    plain = [math.prod(x[i] for i in t) / math.sqrt(math.factorial(len(t))) for t in tuples]
    features = array(MaclaurinFeatureMap(terms, merged=False)(keras.ops.convert_to_tensor(x)))
    np.testing.assert_allclose(features, plain, rtol=1e-5)
    merged = {}
    for t, feature in zip(tuples, plain, strict=True):
        merged.setdefault(tuple(sorted(t)), []).append(feature)
    features = array(MaclaurinFeatureMap(terms)(keras.ops.convert_to_tensor(x)))
    # m features of the same products are one of sqrt(m) times their size.
    expected = [math.sqrt(len(same)) * same[0] for same in merged.values()]
    np.testing.assert_allclose(np.sort(features), np.sort(expected), rtol=1e-5)


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
@given(st.integers(1, 6), st.integers(1, 4), st.booleans())
def test_the_number_of_features(dim, terms, merged):
    feature_map = MaclaurinFeatureMap(terms, merged)
    features = feature_map(keras.ops.ones((2, dim)))
    assert tuple(features.shape) == (2, feature_map.num_features(dim))
    multisets = {tuple(sorted(t)) for n in range(terms) for t in itertools.product(range(dim), repeat=n)}
    assert feature_map.num_features(dim) == (len(multisets) if merged else sum(dim**n for n in range(terms)))


def test_elu_features_are_positive_and_exact_far_down():
    x = np.array([-80.0, -30.0, -7.0, -0.1, 0.0, 0.1, 11.0], "float32")
    features = array(EluFeatureMap()(keras.ops.convert_to_tensor(x)))
    np.testing.assert_allclose(features, np.where(x > 0, x + 1.0, np.exp(np.minimum(x, 0.0))), rtol=1e-5)
    assert (features > 0).all()
    assert EluFeatureMap().num_features(len(x)) == len(x)
    query, key = vectors(3.0)
    similarity = EluFeatureMap().similarity(*map(keras.ops.convert_to_tensor, (query, key)))
    np.testing.assert_allclose(array(similarity), dots(EluFeatureMap(), query, key), rtol=1e-5)


def test_the_slope_of_elu_features_is_1_at_zero():
    scale = keras.layers.Dense(3, use_bias=False, kernel_initializer="zeros")
    x = keras.Input((1,))
    model = keras.Model(x, EluFeatureMap()(scale(x)))
    ones = np.ones((1, 1), "float32")
    _, (gradient,) = differentiate(model, ones, ones, False, lambda labels, outputs: keras.ops.sum(outputs))
    np.testing.assert_allclose(gradient, [[1, 1, 1]])


@pytest.mark.parametrize("terms", [0, -2])
def test_terms_must_be_positive(terms):
    with pytest.raises(ValueError, match=f"terms must be positive, not {terms}"):
        MaclaurinFeatureMap(terms)
