"""Predictions of sequence models for a user's own inputs."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from kzoo.data.tokens import TokenKind, Tokens, to_text
from kzoo.decoding import Limits
from kzoo.decoding.adapter import SequenceAdapter
from kzoo.decoding.decoder import compile_decoding
from kzoo.decoding.options import Decoding
from kzoo.tasks.predictor import Answer, Answers, Predictor
from kzoo.tasks.sequences import END, check_reading
from kzoo.tasks.vocabularies import load_vocabulary
from kzoo.training.run import Checkpoint, RunFolder
from kzoo.training.sources import Sources


class SequencePredictor(Predictor):
    """The base class of predictors of sequence models that share a target vocabulary.

    Raises:
        UsageError: the runs have different vocabularies or prepare their inputs differently.
    """

    ADAPTER: ClassVar[SequenceAdapter]
    """The family of the models."""

    READS: ClassVar[tuple[str, ...]] = ()
    """The keys of the recorded data that must be equal in all runs."""

    def __init__(self, runs: Sequence[RunFolder], checkpoint: Checkpoint | None = None) -> None:
        self.vocabulary = load_vocabulary(runs)
        check_reading(runs, self.READS)
        super().__init__(runs, checkpoint)

    @property
    @abstractmethod
    def limits(self) -> Limits:
        """The decoding limits: start token, end token and maximum length."""

    @property
    @abstractmethod
    def kind(self) -> TokenKind:
        """The kind of the output tokens."""

    @abstractmethod
    def collate(self, inputs: Sequence[Any]) -> Sources:
        """Collate inputs, as `read` returns them, into sources."""

    def compile(self, decoding: Decoding | None) -> Answers:
        """Return a function that decodes inputs, as `read` returns them; greedily if `decoding` is None."""
        decode = compile_decoding(self.models, self.ADAPTER, decoding or Decoding(), self.limits)

        def answer(inputs: Sequence[Any]) -> list[list[Answer]]:
            found = decode(self.collate(inputs))
            return [
                [
                    Answer(to_text(self.vocabulary.decode(row), self.kind), float(score))
                    for row, score in zip(rows, scores, strict=True)
                    if score > _NO_SEQUENCE
                ]
                for rows, scores in zip(found.tokens, found.scores, strict=True)
            ]

        return answer

    def attention(self, source: str) -> tuple[Tokens, np.ndarray]:
        """Return the greedily decoded tokens of an input and their attention weights.

        The end token is included if it was reached. The weights are `(tokens, source)`, float32.

        Raises:
            UsageError: the model has no attention.
        """
        sources = self.collate([self.read(source)])
        found = compile_decoding(self.models[:1], self.ADAPTER, Decoding(), self.limits)(sources)
        ids = found.tokens[0, 0][: np.count_nonzero(found.tokens[0, 0])]
        before = np.array([[self.limits.start, *ids[:-1]]], np.int32)
        weights = self.ADAPTER.attention_weights(self.models[0], sources.values, before)
        return tuple(self._name(number) for number in ids), weights[0]

    def _name(self, number: int) -> str:
        return END if number == self.limits.end else "".join(self.vocabulary.decode([number]))


_NO_SEQUENCE = -1e29
"""An upper bound of the scores of empty rows, which a beam has if it is wider than all its sequences."""
