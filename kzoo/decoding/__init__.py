"""Decoding of sequence models: greedy decoding, sampling, beam search, and ensembles of models.

The functions here know a model only by its step function:

    step(tokens, state) -> (log_probabilities, state)

`tokens` `(rows,)` in int32 are the last tokens of the sequences. `state` is any nest of tensors with the same
rows on their first axis. `log_probabilities` `(rows, vocabulary)` are those of the next tokens. Everything
is a pure function in `keras.ops`, so a whole decoding compiles into one loop.

`options` defines the decoding methods and their options, `grid` a grid of methods; `decoder` applies a method
to the models of a family. The names below are imported when they are first used, because `options` must not
import Keras.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kzoo.decoding.beam import Beams, beam_search
    from kzoo.decoding.choices import most_likely, sample
    from kzoo.decoding.ensembling import ensemble
    from kzoo.decoding.generation import Choice, Sequences, generate
    from kzoo.decoding.step import Limits, State, Step

_MODULES = {
    "Beams": "beam",
    "Choice": "generation",
    "Limits": "step",
    "Sequences": "generation",
    "State": "step",
    "Step": "step",
    "beam_search": "beam",
    "ensemble": "ensembling",
    "generate": "generation",
    "most_likely": "choices",
    "sample": "choices",
}

__all__ = [
    "Beams",
    "Choice",
    "Limits",
    "Sequences",
    "State",
    "Step",
    "beam_search",
    "ensemble",
    "generate",
    "most_likely",
    "sample",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
