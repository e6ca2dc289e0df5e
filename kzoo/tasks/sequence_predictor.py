"""What models that write sequences say about a user's own inputs."""

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
    """The models of one or several runs with the vocabulary they share.

    Raises:
        UsageError: the runs have different vocabularies, or read their sources in different ways.
    """

    ADAPTER: ClassVar[SequenceAdapter]
    """The family of the models."""

    READS: ClassVar[tuple[str, ...]] = ()
    """What of their data the runs remember and must have in common."""

    def __init__(self, runs: Sequence[RunFolder], checkpoint: Checkpoint | None = None) -> None:
        self.vocabulary = load_vocabulary(runs)
        check_reading(runs, self.READS)
        super().__init__(runs, checkpoint)

    @property
    @abstractmethod
    def limits(self) -> Limits:
        """Where decoding begins and ends."""

    @property
    @abstractmethod
    def kind(self) -> TokenKind:
        """What the tokens that are written are."""

    @abstractmethod
    def collate(self, inputs: Sequence[Any]) -> Sources:
        """Inputs that were read as the sources of a batch."""

    def compile(self, decoding: Decoding | None) -> Answers:
        """Decode, greedily if nothing else is asked for."""
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
        """What is written about an input, greedily, and what each token attends to.

        The end is a token too, where it was reached. The weights are `(tokens, source)`, float32.

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
"""A beam that is wider than all there is has rows of about this score."""
