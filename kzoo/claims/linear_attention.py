"""Claims on attention in linear time by the series of exp (R004 1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from math import comb, factorial, sqrt

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

SIZES = ((7, 3, 3), (5, 2, 4), (11, 4, 2), (3, 5, 5))
"""Sequence lengths L, features D and terms K."""

POINTS = np.linspace(-20, 20, 40 * 64 + 1)
"""The points t at which a polynomial is evaluated; -1 is one of them."""

MatMul = Callable[[Array, Array], Array]


def series(t: Array, terms: int) -> Array:
    """Return the first K terms of the series of exp: sum_{n<K} t^n / n!."""
    return np.stack([t**n / factorial(n) for n in range(terms)]).sum(axis=0)


def term_scale(n: int) -> float:
    """Return 1 / sqrt(n!), the scale of the features of term n."""
    return 1 / sqrt(factorial(n))


def features(x: Array, terms: int, scale: Callable[[int], float] = term_scale) -> Array:
    """Return phi(x) = [1; x; vec(x x^T) / sqrt2; ...] of scaled products: `(..., D)` -> `(..., M)`."""
    products = [np.ones((*x.shape[:-1], 1))]
    for _ in range(1, terms):
        products.append((products[-1][..., :, None] * x[..., None, :]).reshape(*x.shape[:-1], -1))
    return np.concatenate([scale(n) * part for n, part in enumerate(products)], axis=-1)


def linear_form(query: Array, key: Array, value: Array, terms: int, matmul: MatMul = np.matmul) -> Array:
    """Return D^-1 phi(Q) (phi(K)^T V), D = diag(phi(Q) phi(K)^T 1), without an L x L matrix."""
    queries, keys = features(query, terms), features(key, terms)
    normaliser = matmul(queries, keys.sum(axis=-2)[..., None])
    return matmul(queries, matmul(_transpose(keys), value)) / normaliser


def quadratic_form(query: Array, key: Array, value: Array, matmul: MatMul = np.matmul) -> Array:
    """Return softmax(Q K^T) V."""
    return matmul(softmax(matmul(query, _transpose(key))), value)


@register_claim(Claim("exp-series", "R004 1", "exp(t) ~ sum_{n<K} t^n / n!"))
def check_series(stated: Callable[[Array, int], Array] = series) -> Finding:
    """Check |exp(t) - sum_{n<K} t^n / n!| <= |t|^K / K! exp(max(t, 0)), Lagrange's form of the remainder."""
    t = np.linspace(-2, 2, 81)
    errors = {terms: np.abs(np.exp(t) - stated(t, terms)) for terms in range(1, 11)}
    holds = all(
        (error <= np.abs(t) ** terms / factorial(terms) * np.exp(np.maximum(t, 0)) + TOLERANCE).all()
        for terms, error in errors.items()
    )
    computed = f"within the remainder for K = 1 to 10 on [-2, 2]; {errors[10].max():.1g} off for K = 10"
    return Finding(holds, computed)


@register_claim(
    Claim("feature-product", "R004 1", "phi(q).phi(k) = sum_{n<K} (q.k)^n / n!, term n scaled by 1/sqrt(n!)")
)
def check_features(scale: Callable[[int], float] = term_scale) -> Finding:
    """Check phi(q).phi(k) = sum_{n<K} (q.k)^n / n! for the features built here and `MaclaurinFeatureMap`."""
    from kzoo.layers import MaclaurinFeatureMap

    exact, by_layer = [], []
    for query, key, _, terms in _draws():
        similarity = features(query, terms, scale) @ _transpose(features(key, terms, scale))
        exact.append(distance(similarity, series(query @ _transpose(key), terms)))
        for merged in (False, True):
            queries, keys = call_layer(MaclaurinFeatureMap(terms, merged), np.stack([query, key]))
            by_layer.append(distance(similarity, queries @ _transpose(keys)))
    holds = max(exact) <= TOLERANCE and max(by_layer) <= LAYER_TOLERANCE
    return Finding(holds, f"{largest(exact)}; from the layer's map {max(by_layer):.1g}")


@register_claim(
    Claim("second-order-scale", "R004 1", "the second-order features are vec(q q^T) times 1/2", "erratum")
)
def check_second_order(scale: float = 1 / 2) -> Finding:
    """Check the scale c: phi(q).phi(k) = 1 + t + t^2/2 for t = q.k needs c^2 = 1/2, so c = 1/sqrt2."""

    def error(c: float) -> float:
        scales = (1, 1, c).__getitem__
        return max(
            distance(
                features(query, 3, scales) @ _transpose(features(key, 3, scales)),
                series(query @ _transpose(key), 3),
            )
            for query, key, _, _ in _draws()
        )

    right = error(1 / sqrt(2)) <= TOLERANCE
    computed = f"phi(q).phi(k) is {error(scale):.1g} off 1 + t + t^2/2; {error(1 / sqrt(2)):.1g} for 1/sqrt2"
    return Finding(error(scale) <= TOLERANCE, computed, "1/sqrt2" if right else "")


@register_claim(Claim("feature-dimension-3", "R004 1", "K = 3: M = 1 + D + D^2"))
def check_dimension_of_three(stated: Callable[[int], int] = lambda dim: 1 + dim + dim**2) -> Finding:
    """Check M = 1 + D + D^2: the constant, the entries and their products."""
    built = {dim: _count_features(dim, 3) for dim in (1, 2, 3, 5, 8)}
    holds = all(stated(dim) == count for dim, count in built.items())
    return Finding(holds, f"D = 5: {built[5]} features; stated {stated(5)}")


@register_claim(
    Claim(
        "feature-dimension",
        "R004 1",
        "K terms: M is a sum of powers of D, one power off its own case of K = 3",
        "erratum",
    )
)
def check_dimension(powers_off: Sequence[int] = (-1, 1)) -> Finding:
    """M = sum_{n<K} D^n; a sum that ends a power sooner or later is never the number of features."""
    built = {(dim, terms): _count_features(dim, terms) for dim in (1, 2, 3, 5) for terms in (2, 3, 4, 5)}

    def fits(off: int) -> bool:
        return any(sum(dim**n for n in range(terms + off)) == count for (dim, terms), count in built.items())

    right = all(sum(dim**n for n in range(terms)) == count for (dim, terms), count in built.items())
    computed = f"D = 5, K = 4: {built[5, 4]} features; a power off: " + ", ".join(
        str(sum(5**n for n in range(4 + off))) for off in powers_off
    )
    return Finding(any(map(fits, powers_off)), computed, "M = sum_{n<K} D^n" if right else "")


@register_claim(
    Claim("feature-dimension-merged", "R004 1", "symmetric terms merged: M = C(D + K - 1, K - 1)")
)
def check_merged_dimension(
    stated: Callable[[int, int], int] = lambda dim, terms: comb(dim + terms - 1, terms - 1),
) -> Finding:
    """Check M = C(D + K - 1, K - 1) by enumeration of the index multisets, and in `MaclaurinFeatureMap`."""
    from kzoo.layers import MaclaurinFeatureMap

    counted = {}
    for _, dim, terms in SIZES:
        indices = (tuple(sorted(i)) for n in range(terms) for i in product(range(dim), repeat=n))
        by_layer = MaclaurinFeatureMap(terms).num_features(dim)
        counted[dim, terms] = {len(set(indices)), by_layer}
    holds = all(counts == {stated(*size)} for size, counts in counted.items())
    return Finding(holds, f"D = 5, K = 5: {max(counted[5, 5])} features; stated {stated(5, 5)}")


@register_claim(
    Claim(
        "linear-attention",
        "R004 1",
        "Z ~ D^-1 phi(Q) (phi(K)^T V), D = diag(phi(Q) phi(K)^T 1): the similarities normalised by row",
    )
)
def check_linear_form(
    stated: Callable[[Array, Array, Array, int], Array] = linear_form,
) -> Finding:
    """Check against z_i = sum_j s_ij v_j / sum_j s_ij, s = sum_{n<K} (q.k)^n / n!, and `LinearAttention`."""
    from kzoo.layers import LinearAttention, MaclaurinFeatureMap

    exact, by_layer = [], []
    for query, key, value, terms in _draws(odd=True):
        similarity = series(query @ _transpose(key), terms)
        by_row = similarity / similarity.sum(axis=-1, keepdims=True) @ value
        linear = stated(query, key, value, terms)
        layer = LinearAttention(MaclaurinFeatureMap(terms), scaled=False, dtype="float32")
        exact.append(distance(linear, by_row))
        by_layer.append(distance(linear, call_layer(layer, query, value, key)))
    holds = max(exact) <= TOLERANCE and max(by_layer) <= LAYER_TOLERANCE
    return Finding(holds, f"{largest(exact)}; from the layer {max(by_layer):.1g}")


@register_claim(Claim("linear-softmax", "R004 1", "softmax(Q K^T) ~ softmax(phi(Q) phi(K)^T)", "erratum"))
def check_softmax_of_features(weigh: Callable[[Array], Array] = softmax) -> Finding:
    """Check softmax(Q K^T) ~ D^-1 phi(Q) phi(K)^T: phi(q).phi(k) ~ exp(q.k), and a softmax takes exp again.

    With many terms the weights must be as close to those of the softmax as the series is to exp.
    """

    def error(normalise: Callable[[Array], Array]) -> float:
        return max(
            distance(normalise(series(query @ _transpose(key), 30)), softmax(query @ _transpose(key)))
            for query, key, _, _ in _draws()
        )

    def by_row(similarity: Array) -> Array:
        return similarity / similarity.sum(axis=-1, keepdims=True)

    right = error(by_row) <= TOLERANCE
    computed = f"K = 30: weights {error(weigh):.1g} off, {error(by_row):.1g} if normalised by row"
    return Finding(error(weigh) <= TOLERANCE, computed, "D^-1 phi(Q) phi(K)^T" if right else "")


@register_claim(
    Claim(
        "positive-normaliser",
        "R004 1",
        "1 + t + t^2/2 >= 1/2; an even degree is positive for all t, an odd one is not",
    )
)
def check_positive(
    minimum: float = 1 / 2, positive: Callable[[int], bool] = lambda degree: degree % 2 == 0
) -> Finding:
    """Check the sign of p(t) = sum_{n<=m} t^n / n! for t in [-20, 20].

    p' = p - t^m / m!, so at the minimum of p, p' = 0 and p = t^m / m!, which is positive for even m.
    """
    least = {degree: float(series(POINTS, degree + 1).min()) for degree in range(1, 9)}
    holds = least[2] >= minimum - TOLERANCE and all(
        positive(degree) == (value > 0) for degree, value in least.items()
    )
    below = ", ".join(str(degree) for degree, value in least.items() if value < 0)
    return Finding(holds, f"degree 2: least {least[2]:.4g}; of degrees 1 to 8, {below} go below 0")


Cost = Callable[[int, int, int], int]


@register_claim(Claim("linear-cost", "R004 1", "O(L M D) in place of O(L^2 D)"))
def check_cost(
    linear: Cost = lambda length, features, dim: length * features * dim,
    quadratic: Cost = lambda length, features, dim: length**2 * dim,
    constant: float = 3,
) -> Finding:
    """Check that the multiply-adds of both forms, counted as they run, are at most 3 times those stated.

    phi(K)^T V and phi(Q) (...) take L M D each, the normaliser L M; Q K^T and P V take L^2 D each.
    """
    holds, shown = True, ""
    for dim in (2, 4, 8):
        width = _count_features(dim, 3)
        counts = {length: _multiply_adds(length, dim) for length in (64, 128, 256)}
        for length, (by_features, by_scores) in counts.items():
            holds = holds and by_features <= constant * linear(length, width, dim)
            holds = holds and by_scores <= constant * quadratic(length, width, dim)
        growth = [counts[256][form] / counts[128][form] for form in (0, 1)]
        shown = (
            f"twice the L costs {growth[0]:g} times as much against {growth[1]:g}; L = 256, M = {width}, "
            f"D = {dim}: {counts[256][0]:,} multiply-adds against {counts[256][1]:,}"
        )
    return Finding(holds, shown)


def _transpose(x: Array) -> Array:
    return np.swapaxes(x, -1, -2)


def _multiply_adds(length: int, dim: int) -> tuple[int, int]:
    """Count the multiply-adds of the linear form with three terms and of the quadratic form."""
    counts = [0, 0]

    def count(form: int) -> MatMul:
        def matmul(first: Array, second: Array) -> Array:
            counts[form] += first.size * second.shape[-1]
            return first @ second

        return matmul

    query, key, value = np.random.default_rng(0).normal(size=(3, length, dim)) / dim
    linear_form(query, key, value, 3, count(0))
    quadratic_form(query, key, value, count(1))
    return counts[0], counts[1]


def _count_features(dim: int, terms: int) -> int:
    return features(np.ones((1, dim)), terms).shape[-1]


def _draws(odd: bool = False) -> list[tuple[Array, Array, Array, int]]:
    """Return queries, keys and values, stacked over the seeds, and the number of terms K, for each size.

    With `odd` only the sizes of odd K are used, for which the weights are positive.
    """
    draws = []
    for length, dim, terms in SIZES:
        if terms % 2 or not odd:
            query, key, value = np.stack(
                [rng.uniform(-1, 1, (3, length, dim)) for rng in generators()], axis=1
            )
            draws.append((query, key, value, terms))
    return draws
