"""From a model of the next token to sequences: greedy, sampled, by beam search, by several models.

A model is known here by its step, and nothing else is known of it:

    step(tokens, state) -> (log_probabilities, state)

`tokens` `(rows,)` in int32 are the last tokens of some sequences, `state` any nest of tensors with those rows
on their first axis, `log_probabilities` `(rows, vocabulary)` those of the next token. Everything here is a
pure function in `keras.ops`, so a whole decoding compiles into one loop.
"""

from kzoo.decoding.beam import Beams, beam_search
from kzoo.decoding.choices import most_likely, sample
from kzoo.decoding.contract import PAD, Limits, State, Step
from kzoo.decoding.ensemble import ensemble
from kzoo.decoding.generation import Choice, Sequences, generate

__all__ = [
    "PAD",
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
