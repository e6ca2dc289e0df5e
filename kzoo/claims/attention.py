"""Claims on self-attention with 1x1 projections (R000 1.2, R002 1.2) and on equal heads (R001 1.3)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kzoo.claims.claim import Claim, Finding
from kzoo.claims.numerics import (
    LAYER_TOLERANCE,
    TOLERANCE,
    Array,
    call_layer,
    distance,
    generators,
    largest,
    softmax,
)
from kzoo.claims.registry import register_claim

SIZES = ((5, 7, 3), (11, 5, 2), (3, 2, 5))
"""Sequence lengths, features D of the inputs and d of a head; d may exceed D."""


def attention_weights(x: Array, w_query: Array, w_key: Array) -> Array:
    """Return P = softmax(Q K^T), Q = X W_Q, K = X W_K: inputs `(length, D)`, projections `(D, d)`."""
    return softmax((x @ w_query) @ (x @ w_key).T)


def one_by_one(x: Array) -> Array:
    """Return Z = softmax(x' x'^T) x', for x' `(length,)`."""
    return softmax(np.outer(x, x)) @ x


@register_claim(
    Claim(
        "attention-1x1",
        "R000 1.2, R002 1.2",
        "W_Q = W_K = W_V = 1, d_k = 1: Z = softmax(x' x'^T) x'",
    )
)
def check_one_by_one(stated: Callable[[Array], Array] = one_by_one) -> Finding:
    """Check the formula against softmax(Q K^T / sqrt(d_k)) V, Q = K = V = x' 1, and `DotProductAttention`."""
    from kzoo.layers import DotProductAttention

    layer = DotProductAttention(scaled=False, dtype="float32")
    exact, by_layer = [], []
    for length, _, _ in SIZES:
        draws, one = np.stack([rng.normal(size=(length, 1)) for rng in generators()]), np.ones((1, 1))
        for x, z in zip(draws, call_layer(layer, draws, draws), strict=True):
            formula = stated(x[:, 0])
            exact.append(distance(formula, (attention_weights(x, one, one) @ (x @ one))[:, 0]))
            by_layer.append(distance(formula, z[:, 0]))
    holds = max(exact) <= TOLERANCE and max(by_layer) <= LAYER_TOLERANCE
    return Finding(holds, f"{largest(exact)}; from the layer {max(by_layer):.1g}")


@register_claim(Claim("head-product", "R001 1.3", "P = softmax(X A X^T), A = W_Q W_K^T"))
def check_product(stated: Callable[[Array, Array], Array] = lambda query, key: query @ key.T) -> Finding:
    """Check softmax(Q K^T) = softmax(X W_Q W_K^T X^T): P depends only on the product A of the projections."""
    distances = [
        distance(softmax(x @ stated(w_query, w_key) @ x.T), attention_weights(x, w_query, w_key))
        for x, w_query, w_key, _ in _heads()
    ]
    return Finding(max(distances) <= TOLERANCE, largest(distances))


@register_claim(Claim("head-rank", "R001 1.3", "rank(A) <= d"))
def check_rank(bound: Callable[[int], int] = lambda d: d) -> Finding:
    """Check rank(W_Q W_K^T) <= min(rank W_Q, rank W_K) <= d, by singular values."""
    ranks = [
        (int(np.linalg.matrix_rank(w_query @ w_key.T)), w_query.shape) for _, w_query, w_key, _ in _heads()
    ]
    shown = sorted({f"{rank} for D = {dim}, d = {d}" for rank, (dim, d) in ranks})
    return Finding(all(rank <= bound(d) for rank, (_, d) in ranks), f"rank {', '.join(shown)}")


def equal_head(w_query: Array, w_key: Array, basis: Array) -> tuple[Array, Array]:
    """Return the projections W_Q2 = W_Q1 B and W_K2 = W_K1 B^-T of a second head."""
    return w_query @ basis, w_key @ np.linalg.inv(basis).T


@register_claim(Claim("equal-heads", "R001 1.3", "W_Q2 = W_Q1 B, W_K2 = W_K1 B^-T give the same P"))
def check_equal_heads(
    stated: Callable[[Array, Array, Array], tuple[Array, Array]] = equal_head,
) -> Finding:
    """Check W_Q B (W_K B^-T)^T = W_Q B B^-1 W_K^T = A, for an invertible B."""
    distances = [
        distance(attention_weights(x, *stated(w_query, w_key, basis)), attention_weights(x, w_query, w_key))
        for x, w_query, w_key, basis in _heads()
    ]
    return Finding(max(distances) <= TOLERANCE, largest(distances))


def _heads() -> list[tuple[Array, Array, Array, Array]]:
    """Draw inputs, the two projections of a head and an invertible B, for each seed and size."""
    return [
        (
            rng.normal(size=(length, dim)),
            rng.normal(size=(dim, d)),
            rng.normal(size=(dim, d)),
            rng.uniform(size=(d, d)) + d * np.eye(d),  # diagonally dominant
        )
        for rng in generators()
        for length, dim, d in SIZES
    ]
