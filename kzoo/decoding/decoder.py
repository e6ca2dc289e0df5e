"""Batched decoding of sources with one or several models.

The output for a source does not depend on its batch: padding has no effect, and the random numbers of a
sampled pass are seeded by the source itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import keras
import numpy as np

from kzoo.decoding import Choice, Limits, beam_search, ensemble, generate, most_likely, sample
from kzoo.decoding.adapter import SequenceAdapter
from kzoo.decoding.options import Decoding
from kzoo.training.engines import engine
from kzoo.training.sources import Sources


@dataclass(frozen=True)
class Decoded:
    """Decoded tokens `(count, passes, length)`, padded after the end token, and scores `(count, passes)`.

    The scores are log-probabilities. Beams come best first, with scores divided by the length penalty;
    samples come in the order in which they were drawn.
    """

    tokens: np.ndarray
    scores: np.ndarray


Decode = Callable[[Sources], Decoded]


def compile_decoding(
    models: Sequence[keras.Model],
    adapter: SequenceAdapter,
    decoding: Decoding,
    limits: Limits,
    batches: float = 1,
) -> Decode:
    """Return `decode(sources)`, which decodes sources with one or several models of one family.

    Several models form an ensemble, which averages their probabilities. A smaller last batch is filled up,
    so that each source length is compiled once. `batches` is the number of batches of one length to expect,
    in all calls, by which the engine chooses how to compile.
    """
    encoders = [adapter.encoder_graph(model) for model in models]

    def run(values: Any, uniforms: Any) -> tuple[Any, Any]:
        rows = keras.ops.shape(values)[0]
        begun = [
            adapter.begin_decoding(model, encode(values), decoding.beams)
            for model, encode in zip(models, encoders, strict=True)
        ]
        step, state = begun[0] if len(begun) == 1 else ensemble(begun)
        if decoding.method == "beam":
            return beam_search(step, state, rows, decoding.beam, limits, decoding.length_penalty)
        choose: Choice = most_likely
        if decoding.method == "nucleus":
            choose = sample(
                uniforms, top_p=decoding.top_p, top_k=decoding.top_k, temperature=decoding.temperature
            )
        return generate(step, state, rows, choose, limits)

    passes = decoding.samples if decoding.method == "nucleus" else 1
    variables = [variable for model in models for variable in model.variables]
    compiled = engine().compile_function(run, variables, calls=passes * batches)

    def decode(sources: Sources) -> Decoded:
        uniforms = (_uniforms(sources, decoding, index, limits.length) for index in range(passes))
        results = [_in_batches(compiled, sources, drawn) for drawn in uniforms]
        if decoding.method == "beam":
            return Decoded(*results[0])
        tokens, scores = zip(*results, strict=True)
        return Decoded(np.stack(tokens, axis=1), np.stack(scores, axis=1))

    return decode


def _uniforms(sources: Sources, decoding: Decoding, index: int, length: int) -> np.ndarray:
    """Draw the random numbers of a sampled pass, float32 `(count, length)`; `(count, 0)` if not sampling."""
    if decoding.method != "nucleus":
        return np.zeros((len(sources), 0), np.float32)
    seeds = ([decoding.seed, index, crc32(row[row != 0].tobytes())] for row in sources.values)
    return np.array([np.random.default_rng(seed).random(length, np.float32) for seed in seeds])


def _in_batches(
    compiled: Callable[..., tuple[Any, Any]], sources: Sources, uniforms: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Decode batches of similar length, each filled up with its first source, and restore the order."""
    batches, parts = sources.batches(), []
    for rows in batches:
        filled = np.concatenate([rows, np.repeat(rows[:1], sources.batch - len(rows))])
        outputs = compiled(sources.take(filled, int(sources.lengths[rows].max())), uniforms[filled])
        parts.append([keras.ops.convert_to_numpy(output)[: len(rows)] for output in outputs])
    tokens, scores = (np.concatenate(part) for part in zip(*parts, strict=True))
    back = np.argsort(np.concatenate(batches))
    return tokens[back], scores[back]
