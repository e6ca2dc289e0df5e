"""Maps whose dot product is a similarity of query and key: phi(q) . phi(k) = sim(q, k)."""

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
    """A map of vectors `(..., d)` to features `(..., M)`; a sub-class is one such map, by its `columns`."""

    positive = True
    """Whether phi(q) . phi(k) > 0 for all q and k, so that a sum of them can be divided by."""

    def num_features(self, dim: int) -> int:
        """M for vectors of `dim` features."""
        raise NotImplementedError

    def columns(self, x: Tensor) -> Tensor:
        """phi of each column, `(..., d, length)` -> `(..., M, length)`.

        Features that lie one after the other in memory are put together without copying them twice.
        """
        raise NotImplementedError

    def __call__(self, x: Tensor) -> Tensor:
        """phi(x): `(..., d)` -> `(..., M)`."""
        return ops.squeeze(self.columns(ops.expand_dims(x, -1)), -1)

    def similarity(self, query: Tensor, key: Tensor) -> Tensor:
        """phi(q) . phi(k) of every query and key: `(..., queries, keys)`."""
        return dot_product(self(query), self(key))

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> FeatureMap:
        """The map with these arguments."""
        return cls(**config)


@keras.saving.register_keras_serializable("kzoo")
class MaclaurinFeatureMap(FeatureMap):
    """The first K terms of the series of exp (R004 1).

        phi(q) . phi(k) = sum_{n<K} (q . k)^n / n!  ~  exp(q . k)

    Plain, the features of term n are all products of n entries of x, times 1 / sqrt(n!):

        phi(x) = [1; x; vec(x x^T) / sqrt2; ...],    M = sum_{n<K} d^n

    (R004 has 1/2 for 1/sqrt2, and an M that is off by a power of d.) Merged, products that differ in the
    order of their factors only are one feature, prod_i x_i^{a_i} / sqrt(a_i!), and M = C(d + K - 1, K - 1).

    The error of exp(t) is at most |t|^K / K! exp(max(t, 0)), the remainder in Lagrange's form. The sum is
    positive for all t if K is odd; if K is even it goes negative below some t < 0.

    Args:
        terms: K >= 1.
        merged: merge the symmetric terms.

    Cost: O(M) for a vector.
    """

    def __init__(self, terms: int = 3, merged: bool = True) -> None:
        if terms < 1:
            raise ValueError(f"MaclaurinFeatureMap: terms must be positive, not {terms}")
        self.terms = terms
        self.merged = merged
        self.positive = terms % 2 == 1

    def num_features(self, dim: int) -> int:
        """sum_{n<K} dim^n, or C(dim + K - 1, K - 1) if merged."""
        if self.merged:
            return math.comb(dim + self.terms - 1, self.terms - 1)
        return sum(dim**n for n in range(self.terms))

    def columns(self, x: Tensor) -> Tensor:
        """phi of each column, term by term."""
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
        """The series itself, by Horner's rule: far fewer operations than over the features."""
        scores = dot_product(query, key)
        total = ops.ones_like(scores)
        for n in range(self.terms - 1, 0, -1):
            total = 1 + scores / n * total
        return total

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {"terms": self.terms, "merged": self.merged}


@keras.saving.register_keras_serializable("kzoo")
class EluFeatureMap(FeatureMap):
    """phi(x) = elu(x) + 1, positive everywhere (Katharopoulos et al., 2020, arXiv 2006.16236, eq. 7)."""

    def num_features(self, dim: int) -> int:
        """dim"""
        return dim

    def columns(self, x: Tensor) -> Tensor:
        """elu(x) + 1"""
        # elu(x) + 1 would round to 0 below -17; relu and minimum have half the slope at 0 on some backends.
        is_positive = x > 0
        return ops.where(is_positive, x + 1, ops.exp(ops.where(is_positive, ops.zeros_like(x), x)))


def _extend(products: Tensor, x: Tensor, n: int) -> Tensor:
    """All products of n - 1 entries, `(..., d^(n-1), length)`, times each entry / sqrt(n)."""
    outer = ops.expand_dims(products, -2) * ops.expand_dims(x / math.sqrt(n), -3)
    *batch, many, dim, length = ops.shape(outer)
    return ops.reshape(outer, (*batch, many * dim, length))


def _pairs(x: Tensor) -> Tensor:
    """The merged features of three terms: all products of two entries of [1; x], squares of x by 1 / sqrt2.

    Entry i goes with entry i + shift, round the end, for each shift up to half the size; where the size is
    even, half of the last shift has each pair. Few long products, for many short ones take twice the time.
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
    """The monomials of degree n from those of degree n - 1, both ordered by their indices.

    x_i times the monomials whose smallest index is i or more; in that order these are the last ones.
    """
    dim = x.shape[-2]
    last = [math.comb(dim - i + n - 2, n - 1) for i in range(dim)]
    parts = [x[..., i : i + 1, :] * products[..., -count:, :] for i, count in enumerate(last)]
    return ops.concatenate(parts, axis=-2)


def _monomial_scales(dim: int, n: int) -> np.ndarray:
    """prod_i 1 / sqrt(a_i!) for each monomial of degree n, in the order of `_extend_merged`."""
    return np.array(
        [
            1 / math.sqrt(math.prod(map(math.factorial, Counter(indices).values())))
            for indices in combinations_with_replacement(range(dim), n)
        ]
    )
