"""The sums of linear attention, taken chunk by chunk so that the features never lie in memory all at once.

Queries and keys are `(..., length, d)`, values `(..., keys, v)`; a key that does not count has values of 0.
Of queries, keys and outputs positions stand on the last axis inside, for there features are made fastest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from operator import add

from keras import ops

from kzoo.layers.attention import causal_mask
from kzoo.layers.feature_maps import FeatureMap
from kzoo.types import Tensor

Chunks = list[Tensor] | Tensor
"""Pieces of a length: a list whose last may be shorter, or stacked on a first axis."""

CHUNK_FEATURES = 2**19
"""The most numbers in the features of a chunk, for each element of the batch: 2 MB in float32."""

UNROLLED = 8
"""Up to so many chunks stand in a graph one by one."""

CAUSAL_CHUNK = 256
"""Positions in a chunk of the causal form; the work inside a chunk is quadratic in it."""


def bidirectional(feature_map: FeatureMap, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """sum_j v_j phi(k_j)^T phi(q_i) for each query i: `(..., v, queries)`.

    O((queries + keys) M v) time; O(M v) memory beside inputs and outputs.
    """
    most = max(1, CHUNK_FEATURES // feature_map.num_features(query.shape[-1]))
    queries, keys = (ops.shape(x)[-2] for x in (query, key))
    sums = _transpose(_sum_chunks(feature_map, _split(key, keys, most), _split(value, keys, most)))
    chunks = _split(query, queries, most)
    return _join(_map(lambda chunk: ops.matmul(sums, _features(feature_map, chunk)), chunks), queries)


def causal(feature_map: FeatureMap, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """sum_{j<=i} v_j phi(k_j)^T phi(q_i) for each query i: `(..., v, queries)`.

    The keys of chunks before come in by the running sum of phi(k) v^T, those of the same chunk by their
    similarities. O(length (M + chunk) v) time and O(length M v / chunk) memory.
    """
    length = ops.shape(query)[-2]
    chunks = tuple(_stack(_fit(x, length), CAUSAL_CHUNK) for x in (query, key, value))
    totals = ops.map(lambda pair: _sum_chunk(feature_map, *pair), chunks[1:])
    # Not the sums less the chunk's own: rounding would let the end of a chunk be seen at its beginning.
    before = ops.cumsum(ops.concatenate([ops.zeros_like(totals[:1]), totals[:-1]], axis=0), axis=0)
    seen = causal_mask(CAUSAL_CHUNK, CAUSAL_CHUNK)

    def attend(chunk: Sequence[Tensor]) -> Tensor:
        queries, keys, values, sums = chunk
        inside = ops.where(seen, feature_map.similarity(queries, keys), 0.0)
        earlier = ops.matmul(_transpose(sums), _features(feature_map, queries))
        return earlier + ops.matmul(_transpose(values), _transpose(inside))

    return _join(ops.map(attend, (*chunks, before)), length)


def _features(feature_map: FeatureMap, chunk: Tensor) -> Tensor:
    """phi of each row: `(..., size, d)` -> `(..., M, size)`."""
    return feature_map.columns(_transpose(chunk))


def _sum_chunk(feature_map: FeatureMap, key: Tensor, value: Tensor) -> Tensor:
    """sum_j phi(k_j) v_j^T over a chunk: `(..., M, v)`."""
    return ops.matmul(_features(feature_map, key), value)


def _sum_chunks(feature_map: FeatureMap, keys: Chunks, values: Chunks) -> Tensor:
    """The same over all chunks."""
    if isinstance(keys, list):
        return reduce(add, [_sum_chunk(feature_map, *pair) for pair in zip(keys, values, strict=True)])

    def extend(i: int, sums: Tensor) -> Tensor:
        return sums + _sum_chunk(feature_map, keys[i], values[i])

    return ops.fori_loop(1, ops.shape(keys)[0], extend, _sum_chunk(feature_map, keys[0], values[0]))


def _map(function: Callable[[Tensor], Tensor], chunks: Chunks) -> Chunks:
    """`function` of each chunk."""
    return [function(chunk) for chunk in chunks] if isinstance(chunks, list) else ops.map(function, chunks)


def _split(x: Tensor, length: int, most: int) -> Chunks:
    """`(..., length, d)` as chunks of no more than `most` positions.

    A list where they are few and how many is known, for a loop on TensorFlow takes a millisecond. A loop has
    the fewest chunks, as even as can be: hardly any is filled up.
    """
    if isinstance(length, int) and length <= UNROLLED * most:
        # Not even ones: rows of 4,096 positions, a power of two, would push each other out of the cache.
        return [x[..., start : start + most, :] for start in range(0, length, most)]
    count = -(-length // most)
    return _stack(x, -(-length // count))


def _stack(x: Tensor, size: int) -> Tensor:
    """`(..., length, d)` as `(chunks, ..., size, d)`, filled up with zeros."""
    *batch, length, dim = ops.shape(x)
    count = -(-length // size)
    return ops.moveaxis(ops.reshape(_fit(x, count * size), (*batch, count, size, dim)), -3, 0)


def _join(chunks: Chunks, length: int) -> Tensor:
    """Outputs `(..., v, size)` of all chunks as `(..., v, length)`, without what was filled up."""
    if isinstance(chunks, list):
        return ops.concatenate(chunks, axis=-1)
    stacked = ops.moveaxis(chunks, 0, -2)
    *batch, dim, count, size = ops.shape(stacked)
    return ops.reshape(stacked, (*batch, dim, count * size))[..., :length]


def _transpose(x: Tensor) -> Tensor:
    return ops.swapaxes(x, -1, -2)


def _fit(x: Tensor, length: int) -> Tensor:
    """The first `length` positions of `(..., any, d)`, filled up with zeros where there are fewer."""
    *batch, present, dim = ops.shape(x)
    missing = length - present
    if isinstance(missing, int) and missing <= 0:
        return x[..., :length, :]
    missing = missing if isinstance(missing, int) else ops.maximum(missing, 0)
    filled = ops.concatenate([x, ops.zeros((*batch, missing, dim), dtype=x.dtype)], axis=-2)
    return filled[..., :length, :]
