"""The sums of linear attention, taken chunk by chunk so that the features never lie in memory all at once.

Queries and keys are `(..., length, d)`, values `(..., keys, v)`; a key that does not count has values of 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from keras import ops

from kzoo.layers.attention import Tensor, causal_mask
from kzoo.layers.feature_maps import FeatureMap

CHUNK_FEATURES = 2**19
"""The most numbers in the features of a chunk, for each element of the batch: 2 MB in float32."""

CAUSAL_CHUNK = 256
"""Positions in a chunk of the causal form; the work inside a chunk is quadratic in it."""


def bidirectional(feature_map: FeatureMap, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """phi(q_i)^T sum_j phi(k_j) v_j^T for each query i: `(..., queries, v)`.

    O((queries + keys) M v) time; O(M v) memory beside inputs and outputs.
    """
    most = max(1, CHUNK_FEATURES // feature_map.num_features(query.shape[-1]))
    key_size, query_size = (_even_size(ops.shape(x)[-2], most) for x in (key, query))
    sums = _sum_chunks(feature_map, _split(key, key_size), _split(value, key_size))
    outputs = _map(lambda chunk: ops.matmul(feature_map(chunk), sums), _split(query, query_size))
    return _join(outputs, ops.shape(query)[-2])


def causal(feature_map: FeatureMap, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """phi(q_i)^T sum_{j<=i} phi(k_j) v_j^T for each query i: `(..., queries, v)`.

    The keys of chunks before come in by the running sum of phi(k) v^T, those of the same chunk by their
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
        inside = ops.where(seen, feature_map.similarity(queries, keys), 0.0)
        return ops.matmul(feature_map(queries), sums) + ops.matmul(inside, values)

    return _join(ops.map(attend, (*chunks, before)), length)


def _even_size(length: int, most: int) -> int:
    """The size of the fewest chunks of no more than `most` positions, all alike: hardly any is filled up."""
    count = -(-length // most)
    return -(-length // count)


def _map(function: Callable[[Tensor], Tensor], chunks: Tensor) -> Tensor:
    """`function` of each chunk; a loop takes a millisecond on TensorFlow, too much for a single one."""
    if chunks.shape[0] == 1:
        return ops.expand_dims(function(chunks[0]), 0)
    return ops.map(function, chunks)


def _sum_chunk(feature_map: FeatureMap, key: Tensor, value: Tensor) -> Tensor:
    return ops.matmul(ops.swapaxes(feature_map(key), -1, -2), value)


def _sum_chunks(feature_map: FeatureMap, keys: Tensor, values: Tensor) -> Tensor:
    """sum_j phi(k_j) v_j^T over all chunks `(chunks, ..., size, features)`."""
    first = _sum_chunk(feature_map, keys[0], values[0])
    if keys.shape[0] == 1:
        return first
    return ops.fori_loop(
        1, ops.shape(keys)[0], lambda i, sums: sums + _sum_chunk(feature_map, keys[i], values[i]), first
    )


def _split(x: Tensor, size: int) -> Tensor:
    """`(..., length, d)` as `(chunks, ..., size, d)`, filled up with zeros."""
    *batch, length, dim = ops.shape(x)
    count = -(-length // size)
    padded = _fit(x, count * size)
    return ops.moveaxis(ops.reshape(padded, (*batch, count, size, dim)), -3, 0)


def _join(chunks: Tensor, length: int) -> Tensor:
    """`(chunks, ..., size, d)` as `(..., length, d)`, without what was filled up."""
    stacked = ops.moveaxis(chunks, 0, -3)
    *batch, count, size, dim = ops.shape(stacked)
    return ops.reshape(stacked, (*batch, count * size, dim))[..., :length, :]


def _fit(x: Tensor, length: int) -> Tensor:
    """The first `length` positions of `(..., any, d)`, filled up with zeros where there are fewer."""
    *batch, present, dim = ops.shape(x)
    missing = length - present
    missing = max(missing, 0) if isinstance(missing, int) else ops.maximum(missing, 0)
    filled = ops.concatenate([x, ops.zeros((*batch, missing, dim), dtype=x.dtype)], axis=-2)
    return filled[..., :length, :]
