"""Every claim gets the verdict on record, and another one for another statement."""

from __future__ import annotations

from dataclasses import replace
from functools import wraps
from math import ceil, factorial, sqrt
from typing import Any

import numpy as np
import pytest

from kzoo.claims import attention, check_claim, convolution, linear_attention, list_claims
from kzoo.claims.numerics import softmax
from kzoo.layers import DotProductAttention, LinearAttention
from kzoo.registry import card


def with_ceilings(i: int, j: int, height: int, out_height: int, rows: int) -> tuple[int, int]:
    """R002's formula with ceilings for its floors, as a text extracted from the report has it."""
    a = j - height * ceil((j - 1) / height) - (i - 1) + out_height * ceil((i - 1) / out_height)
    return a, ceil(j / height) - ceil((i - 1) / out_height)


OTHER_STATEMENTS: list[tuple[str, dict[str, Any]]] = [
    ("conv-output-size", {"stated": lambda h, w, m, n: (h - m, w - n)}),
    ("conv-output-size", {"stated": lambda h, w, m, n: (w - n + 1, h - m + 1)}),
    ("conv-matrix", {"stated": lambda kernel, h, w: convolution.conv_matrix(kernel[::-1, ::-1], h, w)}),
    ("conv-matrix", {"stated": lambda kernel, h, w: convolution.conv_matrix(kernel.T, w, h)}),
    ("conv-matrix-elements", {"stated": lambda *at: convolution.r000_element(*at)[::-1]}),
    (
        "conv-matrix-elements",
        {"stated": lambda i, j, h, out, m: convolution.r000_element(i, j, h, out, m + 1)},
    ),
    ("conv-matrix-elements-r002", {"stated": with_ceilings}),
    ("conv-matrix-elements-r002", {"stated": lambda *at: convolution.r002_element(*at)[::-1]}),
    ("shared-parameters-r000", {"stated": convolution.r002_shared_parameters}),
    ("shared-parameters-r002", {"stated": convolution.r000_shared_parameters}),
    ("shared-parameters-r002", {"stated": lambda h, w, m, n: m * n + 3 * ((h - m + 1) * (w - n + 1) // 4)}),
    ("unshared-parameters", {"stated": lambda h, w, m, n: h * w * ((h - m + 1) // 2) * ((w - n + 1) // 2)}),
    ("attention-1x1", {"stated": lambda x: softmax(np.outer(x, x) / sqrt(2)) @ x}),
    ("attention-1x1", {"stated": lambda x: softmax(np.outer(x, x)).T @ x}),
    ("head-product", {"stated": lambda query, key: key @ query.T}),
    ("head-rank", {"bound": lambda d: d - 1}),
    ("equal-heads", {"stated": lambda query, key, b: (query @ b, key @ np.linalg.inv(b))}),
    ("equal-heads", {"stated": lambda query, key, b: (query @ b, key @ b)}),
    ("exp-series", {"stated": lambda t, terms: linear_attention.series(-t, terms)}),
    ("feature-product", {"scale": lambda n: 1 / factorial(n)}),
    ("second-order-scale", {"scale": 1 / sqrt(2)}),
    ("feature-dimension-3", {"stated": lambda dim: dim + dim**2}),
    ("feature-dimension", {"powers_off": (0,)}),
    ("feature-dimension-merged", {"stated": lambda dim, terms: sum(dim**n for n in range(terms))}),
    ("linear-attention", {"stated": lambda q, k, v, terms: linear_attention.linear_form(q, k, v, terms + 1)}),
    ("linear-attention", {"stated": lambda q, k, v, _: linear_attention.quadratic_form(q, k, v)}),
    ("linear-softmax", {"weigh": lambda similarity: similarity / similarity.sum(axis=-1, keepdims=True)}),
    ("positive-normaliser", {"minimum": 0.51}),
    ("positive-normaliser", {"positive": lambda degree: True}),
    ("linear-cost", {"linear": lambda length, features, dim: length * dim}),
    ("linear-cost", {"quadratic": lambda length, features, dim: length * dim**2}),
    ("linear-cost", {"constant": 1.9}),
    ("parameters-tiny-cnn", {"published": 10_299}),
    ("parameters-mlp", {"published": 236_310}),
    ("terms-mlp", {"printed": replace(card("mlp").printed_sum, printed={"fc1": 235_300})}),
    ("parameters-oct-cnn", {"published": 224_891}),
    ("parameters-oct-cnn-strided", {"published": 224_891}),
    ("parameters-cnn-bn", {"published": 750_592}),
    ("terms-cnn-bn", {"printed": replace(card("cnn-bn").printed_sum, printed={})}),
    ("parameters-cnn-bn-flatten", {"published": 5_337_664}),
    ("terms-cnn-bn-flatten", {"printed": replace(card("cnn-bn-flatten").printed_sum, printed={})}),
    ("sizes-tiny-cnn", {"pooled": (12, 12, 8)}),
    ("sizes-tiny-cnn", {"flattened": 1152}),
    ("growth-mlp", {"percent": 2194.7}),
    ("parameters-without-bn", {"published": 5_337_664}),
]


def test_every_claim_has_another_statement():
    assert {name for name, _ in OTHER_STATEMENTS} == set(list_claims())


@pytest.mark.parametrize("name", list_claims())
def test_the_verdict_is_the_one_on_record(name):
    checked = check_claim(name)
    assert checked.as_recorded, checked
    assert (checked.corrected != "") == (checked.verdict == "erratum")


@pytest.mark.parametrize(("name", "stated"), OTHER_STATEMENTS)
def test_another_statement_turns_the_verdict(name, stated):
    checked = check_claim(name, **stated)
    assert {checked.verdict, checked.expected} == {"holds", "erratum"}
    assert not checked.as_recorded


def test_a_correction_that_fails_is_not_as_recorded(monkeypatch):
    unexplained = replace(card("mlp").printed_sum, terms_total=24_541)
    checked = check_claim("terms-mlp", printed=unexplained)
    assert (checked.verdict, checked.corrected, checked.as_recorded) == ("erratum", "", False)
    monkeypatch.setattr(convolution, "r002_shared_parameters", convolution.r002_unshared_parameters)
    checked = check_claim("shared-parameters-r000")
    assert (checked.verdict, checked.corrected, checked.as_recorded) == ("erratum", "", False)


@pytest.mark.parametrize(
    ("name", "layer"), [("attention-1x1", DotProductAttention), ("linear-attention", LinearAttention)]
)
def test_a_layer_that_computes_something_else_turns_the_verdict(monkeypatch, name, layer):
    attend = layer.call

    @wraps(attend)
    def attend_wrongly(*inputs, **options):
        return 1.02 * attend(*inputs, **options)

    monkeypatch.setattr(layer, "call", attend_wrongly)
    assert check_claim(name).verdict == "erratum"


def test_the_forms_of_linear_attention_by_loops():
    rng = np.random.default_rng(5)
    query, key, value = rng.uniform(-1, 1, (3, 5, 2))
    value = value[:, :1]
    for terms in (1, 3, 5):
        expected = np.zeros_like(value)
        for i, q in enumerate(query):
            weights = [sum((q @ k) ** n / factorial(n) for n in range(terms)) for k in key]
            expected[i] = sum(w * v for w, v in zip(weights, value, strict=True)) / sum(weights)
        np.testing.assert_allclose(linear_attention.linear_form(query, key, value, terms), expected)


def test_features_of_two_entries_on_paper():
    a, b = 2.0, -3.0
    expected = [1, a, b, *(np.array([a * a, a * b, b * a, b * b]) / sqrt(2))]
    np.testing.assert_allclose(linear_attention.features(np.array([[a, b]]), 3), [expected])


def test_attention_weights_by_loops():
    rng = np.random.default_rng(7)
    x, w_query, w_key = rng.normal(size=(3, 5)), rng.normal(size=(5, 2)), rng.normal(size=(5, 2))
    weights = attention.attention_weights(x, w_query, w_key)
    for i in range(3):
        scores = [sum((x[i] @ w_query[:, h]) * (x[j] @ w_key[:, h]) for h in range(2)) for j in range(3)]
        np.testing.assert_allclose(weights[i], np.exp(scores) / np.exp(scores).sum())
