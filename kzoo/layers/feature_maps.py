"""Feature maps phi whose dot product is a similarity of query and key: phi(q) . phi(k) = sim(q, k)."""

from __future__ import annotations

import math
from collections import Counter
from itertools import combinations_with_replacement
from typing import Any

import keras
import numpy as np
from keras import ops

from kzoo.layers.dot_product_attention import dot_product
from kzoo.types import Tensor


class FeatureMap:
    """Base class of maps from vectors `(..., d)` to features `(..., M)`; sub-classes define `columns`."""

    positive = True
    """Whether phi(q) . phi(k) > 0 for all q and k, so that a sum of them is a safe divisor."""

    def num_features(self, dim: int) -> int:
        """Return M for vectors of `dim` features."""
        raise NotImplementedError

    def columns(self, x: Tensor) -> Tensor:
        """Return phi of each column, `(..., d, length)` -> `(..., M, length)`.

        With the length last each feature is contiguous in memory, so concatenating features copies them once.
        """
        raise NotImplementedError

    def __call__(self, x: Tensor) -> Tensor:
        """Return phi(x): `(..., d)` -> `(..., M)`."""
        return ops.squeeze(self.columns(ops.expand_dims(x, -1)), -1)

    def similarity(self, query: Tensor, key: Tensor) -> Tensor:
        """Return phi(q) . phi(k) of every query and key: `(..., queries, keys)`."""
        return dot_product(self(query), self(key))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> FeatureMap:
        """Create the map from its config."""
        return cls(**config)


@keras.saving.register_keras_serializable("kzoo")
class MaclaurinFeatureMap(FeatureMap):
    """The features of the first K terms of the Maclaurin series of exp (R004 1).

        phi(q) . phi(k) = sum_{n<K} (q . k)^n / n!  ~  exp(q . k)

    Unmerged, the features of term n are all products of n entries of x, times 1 / sqrt(n!):

        phi(x) = [1; x; vec(x x^T) / sqrt2; ...],    M = sum_{n<K} d^n

    (R004 prints 1/2 for 1/sqrt2, and its M is off by a power of d.) Merged, products that differ only in the
    order of their factors form one feature, prod_i x_i^{a_i} / sqrt(a_i!), and M = C(d + K - 1, K - 1).

    The error of exp(t) is at most |t|^K / K! exp(max(t, 0)), the remainder in Lagrange's form. The sum is
    positive for all t if K is odd. If K is even, it is negative below some t < 0.

    Args:
        terms: K >= 1.
        merged: whether to merge the symmetric terms.

    Cost: O(M) per vector.
    """

    def __init__(self, terms: int = 3, merged: bool = True) -> None:
        if terms < 1:
            raise ValueError(f"MaclaurinFeatureMap: terms must be positive, not {terms}")
        self.terms = terms
        self.merged = merged
        self.positive = terms % 2 == 1

    def num_features(self, dim: int) -> int:
        """Return sum_{n<K} dim^n, or C(dim + K - 1, K - 1) if merged."""
        if self.merged:
            return math.comb(dim + self.terms - 1, self.terms - 1)
        return sum(dim**n for n in range(self.terms))

    def columns(self, x: Tensor) -> Tensor:
        """Return phi of each column, computed term by term."""
        if self.merged and self.terms == 3:
            return _pairs(x)
        products = [ops.ones_like(x[..., :1, :])]
        extend = _extend_merged if self.merged else _extend
        for n in range(1, self.terms):
            products.append(extend(products[-1], x, n))
        if not self.merged:
            return ops.concatenate(products, axis=-2)
        scales = np.concatenate([_monomial_scales(x.shape[-2], n) for n in range(self.terms)])
        return ops.concatenate(products, axis=-2) * ops.cast(scales[:, None], x.dtype)

    def similarity(self, query: Tensor, key: Tensor) -> Tensor:
        """Return the truncated series by Horner's rule, with far fewer operations than the features need."""
        scores = dot_product(query, key)
        total = ops.ones_like(scores)
        for n in range(self.terms - 1, 0, -1):
            total = 1 + scores / n * total
        return total

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {"terms": self.terms, "merged": self.merged}


@keras.saving.register_keras_serializable("kzoo")
class EluFeatureMap(FeatureMap):
    """phi(x) = elu(x) + 1, which is positive (Katharopoulos et al., 2020, arXiv 2006.16236, eq. 7)."""

    def num_features(self, dim: int) -> int:
        """Return `dim`: there is one feature for each entry of x."""
        return dim

    def columns(self, x: Tensor) -> Tensor:
        """Return elu(x) + 1."""
        # elu(x) + 1 would round to 0 below -17, so negative x take exp(x). The branch is chosen by ops.where:
        # relu and minimum have half the slope at 0 on some backends.
        is_positive = x > 0
        return ops.where(is_positive, x + 1, ops.exp(ops.where(is_positive, ops.zeros_like(x), x)))


def _extend(products: Tensor, x: Tensor, n: int) -> Tensor:
    """Multiply all products of n - 1 entries, `(..., d^(n-1), length)`, by each entry / sqrt(n)."""
    outer = ops.expand_dims(products, -2) * ops.expand_dims(x / math.sqrt(n), -3)
    *batch, many, dim, length = ops.shape(outer)
    return ops.reshape(outer, (*batch, many * dim, length))


def _pairs(x: Tensor) -> Tensor:
    """Return the merged features of three terms: products of two entries of [1; x], x_i^2 times 1 / sqrt2.

    Entry i is multiplied by entry (i + shift) mod size, for each shift up to half the size. If the size is
    even, half of the last shift already holds each pair. Many short products would take twice the time.
    """
    x = ops.concatenate([ops.ones_like(x[..., :1, :]), x], axis=-2)
    size = x.shape[-2]
    scales = np.array([1.0] + (size - 1) * [math.sqrt(0.5)])[:, None]
    twice = ops.concatenate([x, x], axis=-2)
    shifts = range(1, (size + 1) // 2)
    parts = [x * (x * ops.cast(scales, x.dtype))]
    parts += [x * twice[..., shift : shift + size, :] for shift in shifts]
    if size % 2 == 0:
        parts.append(x[..., : size // 2, :] * x[..., size // 2 :, :])
    return ops.concatenate(parts, axis=-2)


def _extend_merged(products: Tensor, x: Tensor, n: int) -> Tensor:
    """Return the monomials of degree n, given those of degree n - 1, both ordered by their indices.

    x_i is multiplied by the monomials whose smallest index is i or more. In this order they come last.
    """
    dim = x.shape[-2]
    last = [math.comb(dim - i + n - 2, n - 1) for i in range(dim)]
    parts = [x[..., i : i + 1, :] * products[..., -count:, :] for i, count in enumerate(last)]
    return ops.concatenate(parts, axis=-2)


def _monomial_scales(dim: int, n: int) -> np.ndarray:
    """Return prod_i 1 / sqrt(a_i!) for each monomial of degree n, in the order of `_extend_merged`."""
    return np.array(
        [
            1 / math.sqrt(math.prod(map(math.factorial, Counter(indices).values())))
            for indices in combinations_with_replacement(range(dim), n)
        ]
    )
