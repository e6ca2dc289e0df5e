"""Sequences from sources: one or several models, a way of decoding, and the bookkeeping of batches.

A source's answer is the same alone and in a batch: rows are padded, which changes nothing, and the random
numbers of a sampled pass are drawn for each source by itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from zlib import crc32

import keras
import numpy as np

from kzoo.data.vocabulary import EOS, SOS
from kzoo.decoding import Choice, Limits, beam_search, ensemble, generate, most_likely, sample
from kzoo.errors import UsageError
from kzoo.models.seq2seq import begin_decoding, encoder_graph
from kzoo.training.engines import engine
from kzoo.training.examples import EXTENT

BATCH = 256
"""Sources decoded together; the last batch is filled up, so that each width is compiled once."""

LIMITS = Limits(start=SOS, end=EOS, length=50)
"""R003 decodes at most 50 tokens, R000 and R002 49 and the end."""

Method = Literal["greedy", "beam", "nucleus"]


OPTIONS: dict[Method, tuple[str, ...]] = {
    "greedy": (),
    "beam": ("beam", "length_penalty"),
    "nucleus": ("top_p", "top_k", "temperature", "samples", "seed"),
}
"""The options of `Decoding` that each method has."""


@dataclass(frozen=True)
class Decoding:
    """How sequences are made from a model: a method and its options; `samples` is the number of passes."""

    method: Method = "greedy"
    beam: int = 4
    length_penalty: float = 0.0
    top_p: float = 0.8
    top_k: int | None = None
    temperature: float = 1.0
    samples: int = 1
    seed: int = 42

    def __post_init__(self) -> None:
        if self.beam < 1 or self.samples < 1:
            raise UsageError("a beam and a number of samples must be 1 or more")
        if not 0 < self.top_p <= 1:
            raise UsageError(f"top_p must lie in (0, 1], not {self.top_p}")
        if not 0 < self.temperature < math.inf:
            raise UsageError(f"a temperature must be positive, not {self.temperature}")
        if not math.isfinite(self.length_penalty):
            raise UsageError(f"a length penalty must be a number, not {self.length_penalty}")

    def to_json(self) -> dict[str, Any]:
        """The method and those of its options that are set."""
        options = {name: getattr(self, name) for name in OPTIONS[self.method]}
        return {
            "method": self.method,
            **{name: value for name, value in options.items() if value is not None},
        }


@dataclass(frozen=True)
class Translations:
    """Tokens `(count, passes, length)`, each closed by the end token and padded, and their log-probabilities.

    Beams come best first, their scores divided by the length penalty; samples as they were drawn.
    """

    tokens: np.ndarray
    scores: np.ndarray


Translate = Callable[[np.ndarray], Translations]


def compile_translation(models: Sequence[keras.Model], decoding: Decoding) -> Translate:
    """`translate(source_ids)`: int32 `(count, length)`, padded with 0, to the sequences that follow from it.

    Several models are decoded together, by the mean of their probabilities.
    """
    encoders = [encoder_graph(model) for model in models]

    def decode(source_ids: Any, uniforms: Any) -> tuple[Any, Any]:
        beams = decoding.beam if decoding.method == "beam" else 1
        begun = [
            begin_decoding(model, encode(source_ids), beams)
            for model, encode in zip(models, encoders, strict=True)
        ]
        step, state = begun[0] if len(begun) == 1 else ensemble(begun)
        if decoding.method == "beam":
            return beam_search(step, state, BATCH, decoding.beam, LIMITS, decoding.length_penalty)
        choose: Choice = most_likely
        if decoding.method == "nucleus":
            choose = sample(
                uniforms, top_p=decoding.top_p, top_k=decoding.top_k, temperature=decoding.temperature
            )
        return generate(step, state, BATCH, choose, LIMITS)

    compiled = engine().compile_function(decode, [v for model in models for v in model.variables])

    def translate(source_ids: np.ndarray) -> Translations:
        passes = range(decoding.samples if decoding.method == "nucleus" else 1)
        results = [_in_batches(compiled, source_ids, _uniforms(source_ids, decoding, i)) for i in passes]
        if decoding.method == "beam":
            return Translations(*results[0])
        tokens, scores = zip(*results, strict=True)
        return Translations(np.stack(tokens, axis=1), np.stack(scores, axis=1))

    return translate


def _uniforms(source_ids: np.ndarray, decoding: Decoding, index: int) -> np.ndarray:
    """The random numbers of a pass, float32 `(count, length)`; nothing is drawn where nothing is sampled."""
    if decoding.method != "nucleus":
        return np.zeros((len(source_ids), 0), np.float32)
    seeds = ([decoding.seed, index, crc32(row[row != 0].tobytes())] for row in source_ids)
    return np.array([np.random.default_rng(seed).random(LIMITS.length, np.float32) for seed in seeds])


def _in_batches(
    compiled: Callable[..., tuple[Any, Any]], source_ids: np.ndarray, uniforms: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Decode batches of like length, each filled up with its first source, and put them in order again."""
    lengths = (source_ids != 0).sum(axis=1)
    order = np.argsort(lengths, kind="stable")
    parts = []
    for start in range(0, len(order), BATCH):
        rows = order[start : start + BATCH]
        filled = np.concatenate([rows, np.repeat(rows[:1], BATCH - len(rows))])
        sources = _cut(source_ids[filled], int(lengths[rows].max()))
        outputs = compiled(sources, uniforms[filled])
        parts.append([keras.ops.convert_to_numpy(output)[: len(rows)] for output in outputs])
    tokens, scores = (np.concatenate(part) for part in zip(*parts, strict=True))
    back = np.argsort(order)
    return tokens[back], scores[back]


def _cut(source_ids: np.ndarray, longest: int) -> np.ndarray:
    """The sources at the next multiple of EXTENT of the longest."""
    width = max(1, -(-longest // EXTENT)) * EXTENT
    return np.pad(source_ids, [(0, 0), (0, max(0, width - source_ids.shape[1]))])[:, :width]
