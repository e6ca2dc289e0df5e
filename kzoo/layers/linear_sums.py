"""The sums of linear attention, computed chunk by chunk so that the features are never all in memory at once.

Queries and keys are `(..., length, d)`, values `(..., keys, v)`; a masked key has values of 0. Internally,
positions are the last axis of queries, keys and outputs, because features are computed fastest that way.
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
"""The chunks of a sequence: a list, whose last chunk may be shorter, or a tensor stacked on a first axis."""

CHUNK_FEATURES = 2**19
"""The maximum size of the features of a chunk, per element of the batch: 2 MB in float32."""

UNROLLED = 8
"""The maximum number of chunks that the graph unrolls; more chunks run in a loop."""

CAUSAL_CHUNK = 256
"""The number of positions in a chunk of the causal form; the work inside a chunk is quadratic in it."""


def bidirectional(feature_map: FeatureMap, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Return sum_j v_j phi(k_j)^T phi(q_i) for each query i: `(..., v, queries)`.

    O((queries + keys) M v) time; O(M v) memory besides inputs and outputs.
    """
    most = max(1, CHUNK_FEATURES // feature_map.num_features(query.shape[-1]))
    queries, keys = (ops.shape(x)[-2] for x in (query, key))
    sums = _transpose(_sum_chunks(feature_map, _split(key, keys, most), _split(value, keys, most)))
    chunks = _split(query, queries, most)
    return _join(_map(lambda chunk: ops.matmul(sums, _features(feature_map, chunk)), chunks), queries)


def causal(feature_map: FeatureMap, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Return sum_{j<=i} v_j phi(k_j)^T phi(q_i) for each query i: `(..., v, queries)`.

    Keys of earlier chunks enter through the running sum of phi(k) v^T, keys of the same chunk through their
    similarities. O(length (M + chunk) v) time and O(length M v / chunk) memory.
    """
    length = ops.shape(query)[-2]
    chunks = tuple(_stack(_fit(x, length), CAUSAL_CHUNK) for x in (query, key, value))
    totals = ops.map(lambda pair: _sum_chunk(feature_map, *pair), chunks[1:])
    # A chunk's own sum is left out, not subtracted: rounding would leak the end of a chunk to its beginning.
    before = ops.cumsum(ops.concatenate([ops.zeros_like(totals[:1]), totals[:-1]], axis=0), axis=0)
    seen = causal_mask(CAUSAL_CHUNK, CAUSAL_CHUNK)

    def attend(chunk: Sequence[Tensor]) -> Tensor:
        queries, keys, values, sums = chunk
        inside = ops.where(seen, feature_map.similarity(queries, keys), 0.0)
        earlier = ops.matmul(_transpose(sums), _features(feature_map, queries))
        return earlier + ops.matmul(_transpose(values), _transpose(inside))

    return _join(ops.map(attend, (*chunks, before)), length)


def _features(feature_map: FeatureMap, chunk: Tensor) -> Tensor:
    """Return phi of each row: `(..., size, d)` -> `(..., M, size)`."""
    return feature_map.columns(_transpose(chunk))


def _sum_chunk(feature_map: FeatureMap, key: Tensor, value: Tensor) -> Tensor:
    """Return sum_j phi(k_j) v_j^T over a chunk: `(..., M, v)`."""
    return ops.matmul(_features(feature_map, key), value)


def _sum_chunks(feature_map: FeatureMap, keys: Chunks, values: Chunks) -> Tensor:
    """Return sum_j phi(k_j) v_j^T over all chunks: `(..., M, v)`."""
    if isinstance(keys, list):
        return reduce(add, [_sum_chunk(feature_map, *pair) for pair in zip(keys, values, strict=True)])

    def extend(i: int, sums: Tensor) -> Tensor:
        return sums + _sum_chunk(feature_map, keys[i], values[i])

    return ops.fori_loop(1, ops.shape(keys)[0], extend, _sum_chunk(feature_map, keys[0], values[0]))


def _map(function: Callable[[Tensor], Tensor], chunks: Chunks) -> Chunks:
    """Apply `function` to each chunk."""
    return [function(chunk) for chunk in chunks] if isinstance(chunks, list) else ops.map(function, chunks)


def _split(x: Tensor, length: int, most: int) -> Chunks:
    """Split `(..., length, d)` into chunks of at most `most` positions.

    The result is a list if the number of chunks is known and small, because a loop on TensorFlow takes a
    millisecond. Chunks for a loop are as few and as even as possible, so that little padding is needed.
    """
    if isinstance(length, int) and length <= UNROLLED * most:
        # Chunks are not made even: rows of 4,096 positions, a power of two, evict each other from the cache.
        return [x[..., start : start + most, :] for start in range(0, length, most)]
    count = -(-length // most)
    return _stack(x, -(-length // count))


def _stack(x: Tensor, size: int) -> Tensor:
    """Reshape `(..., length, d)` to `(chunks, ..., size, d)`, padded with zeros."""
    *batch, length, dim = ops.shape(x)
    count = -(-length // size)
    return ops.moveaxis(ops.reshape(_fit(x, count * size), (*batch, count, size, dim)), -3, 0)


def _join(chunks: Chunks, length: int) -> Tensor:
    """Join the outputs `(..., v, size)` of all chunks to `(..., v, length)`, without the padding."""
    if isinstance(chunks, list):
        return ops.concatenate(chunks, axis=-1)
    stacked = ops.moveaxis(chunks, 0, -2)
    *batch, dim, count, size = ops.shape(stacked)
    return ops.reshape(stacked, (*batch, dim, count * size))[..., :length]


def _transpose(x: Tensor) -> Tensor:
    return ops.swapaxes(x, -1, -2)


def _fit(x: Tensor, length: int) -> Tensor:
    """Return the first `length` positions of `(..., any, d)`, padded with zeros if there are fewer."""
    *batch, present, dim = ops.shape(x)
    missing = length - present
    if isinstance(missing, int) and missing <= 0:
        return x[..., :length, :]
    missing = missing if isinstance(missing, int) else ops.maximum(missing, 0)
    filled = ops.concatenate([x, ops.zeros((*batch, missing, dim), dtype=x.dtype)], axis=-2)
    return filled[..., :length, :]
