"""The sums of linear attention, taken chunk by chunk so that the features never lie in memory all at once.

Queries and keys are `(..., length, d)`, values `(..., keys, v)`; a key that does not count has values of 0.
Inside, positions stand on the last axis, for there the features are made fastest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from keras import ops

from kzoo.layers.attention import Tensor, causal_mask
from kzoo.layers.feature_maps import FeatureMap

CHUNK_FEATURES = 2**19
"""The most numbers in the features of a chunk, for each element of the batch: 1 MB in float32."""

UNROLLED = 8
"""Up to so many chunks stand in a graph one by one; a loop on TensorFlow takes a millisecond."""

CAUSAL_CHUNK = 256
"""Positions in a chunk of the causal form; the work inside a chunk is quadratic in it."""


def bidirectional(feature_map: FeatureMap, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """phi(q_i)^T sum_j phi(k_j) v_j^T for each query i: `(..., queries, v)`.

    O((queries + keys) M v) time; O(M v) memory beside inputs and outputs.
    """
    most = max(1, CHUNK_FEATURES // feature_map.num_features(query.shape[-1]))
    key_size, query_size = (_even_size(ops.shape(x)[-2], most) for x in (key, query))
    sums = _sum_chunks(feature_map, _split(key, key_size), _split(value, key_size))
    outputs = _map(lambda chunk: ops.matmul(sums, feature_map.columns(chunk)), _split(query, query_size))
    return _join(outputs, ops.shape(query)[-2])


def causal(feature_map: FeatureMap, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """phi(q_i)^T sum_{j<=i} phi(k_j) v_j^T for each query i: `(..., queries, v)`.

    The keys of chunks before come in by the running sum of v phi(k)^T, those of the same chunk by their
    similarities. O(length (M + chunk) v) time and O(length M v / chunk) memory.
    """
    length = ops.shape(query)[-2]
    key, value = (_fit(x, length) for x in (key, value))
    chunks = tuple(_split(x, CAUSAL_CHUNK) for x in (query, key, value))
    totals = ops.map(lambda pair: _sum_chunk(feature_map, *pair), chunks[1:])
    # Not the sums less the chunk's own: rounding would let the end of a chunk be seen at its beginning.
    before = ops.cumsum(ops.concatenate([ops.zeros_like(totals[:1]), totals[:-1]], axis=0), axis=0)
    seen = causal_mask(CAUSAL_CHUNK, CAUSAL_CHUNK)

    def attend(chunk: Sequence[Tensor]) -> Tensor:
        queries, keys, values, sums = chunk
        similarities = feature_map.similarity(_transpose(queries), _transpose(keys))
        inside = ops.where(seen, similarities, 0.0)
        return ops.matmul(sums, feature_map.columns(queries)) + ops.matmul(values, _transpose(inside))

    return _join(ops.map(attend, (*chunks, before)), length)


def _even_size(length: int, most: int) -> int:
    """The size of the fewest chunks of no more than `most` positions, all alike: hardly any is filled up."""
    count = -(-length // most)
    return -(-length // count)


def _is_short(chunks: Tensor) -> bool:
    """Whether there are so few chunks, and known to be, that no loop is worth its while."""
    return isinstance(chunks.shape[0], int) and chunks.shape[0] <= UNROLLED


def _map(function: Callable[[Tensor], Tensor], chunks: Tensor) -> Tensor:
    """`function` of each chunk."""
    if _is_short(chunks):
        return ops.stack([function(chunks[i]) for i in range(chunks.shape[0])])
    return ops.map(function, chunks)


def _sum_chunk(feature_map: FeatureMap, key: Tensor, value: Tensor) -> Tensor:
    """sum_j v_j phi(k_j)^T over a chunk: `(..., v, M)`."""
    return ops.matmul(value, _transpose(feature_map.columns(key)))


def _sum_chunks(feature_map: FeatureMap, keys: Tensor, values: Tensor) -> Tensor:
    """The same over all chunks `(chunks, ..., features, size)`."""

    def add(i: int, sums: Tensor) -> Tensor:
        return sums + _sum_chunk(feature_map, keys[i], values[i])

    sums = _sum_chunk(feature_map, keys[0], values[0])
    if not _is_short(keys):
        return ops.fori_loop(1, ops.shape(keys)[0], add, sums)
    for i in range(1, keys.shape[0]):
        sums = add(i, sums)
    return sums


def _split(x: Tensor, size: int) -> Tensor:
    """`(..., length, d)` as `(chunks, ..., d, size)`, filled up with zeros."""
    *batch, length, dim = ops.shape(x)
    count = -(-length // size)
    padded = _transpose(_fit(x, count * size))
    return ops.moveaxis(ops.reshape(padded, (*batch, dim, count, size)), -2, 0)


def _join(chunks: Tensor, length: int) -> Tensor:
    """`(chunks, ..., d, size)` as `(..., length, d)`, without what was filled up."""
    stacked = ops.moveaxis(chunks, 0, -2)
    *batch, dim, count, size = ops.shape(stacked)
    return _transpose(ops.reshape(stacked, (*batch, dim, count * size)))[..., :length, :]


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
