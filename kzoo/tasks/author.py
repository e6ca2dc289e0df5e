"""What the models of runs write about a user's own input."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from matplotlib.figure import Figure

from kzoo.data.tokens import TokenKind, Tokens, to_text
from kzoo.decoding import Limits
from kzoo.models.writer import Writer
from kzoo.tasks.decoder import compile_decoding
from kzoo.tasks.decoding import Decoding
from kzoo.tasks.sequences import END, check_reading, load_vocabulary
from kzoo.training.run import Checkpoint, RunFolder
from kzoo.training.sources import Sources


@dataclass(frozen=True)
class Reading:
    """Inputs as the models read them, and the tokens of each that the training data did not have."""

    sources: Sources
    unknown: Sequence[Tokens]


class Author(ABC):
    """The models of one or several runs with the vocabulary they share.

    Raises:
        UsageError: the runs have different vocabularies, or read their sources in different ways.
    """

    WRITER: ClassVar[Writer]
    """The family of the models."""

    READS: ClassVar[tuple[str, ...]] = ()
    """What of their data the runs remember and must have in common."""

    INPUTS: ClassVar[str]
    """What a user's inputs are, in the plural."""

    def __init__(self, runs: Sequence[RunFolder], checkpoint: Checkpoint | None = None) -> None:
        self.vocabulary = load_vocabulary(runs)
        check_reading(runs, self.READS)
        self.run, self.recipe, self.data = runs[0], runs[0].recipe(), runs[0].environment()["data"]
        self.models = [run.load_tested_model(checkpoint) for run in runs]

    @property
    @abstractmethod
    def limits(self) -> Limits:
        """Where decoding begins and ends."""

    @property
    @abstractmethod
    def kind(self) -> TokenKind:
        """What the tokens that are written are."""

    @abstractmethod
    def read(self, inputs: Sequence[str]) -> Reading:
        """A user's inputs: texts, or the paths of files.

        Raises:
            UsageError: an input that is none.
            DataError: a file that cannot be read.
        """

    def remarks(self, inputs: Sequence[str]) -> list[str]:
        """What is to be said of how inputs are read, a line each.

        Raises:
            DataError: a file cannot be read.
        """
        return []

    def write(self, inputs: Sequence[str], decoding: Decoding, top: int) -> list[dict[str, Any]]:
        """The first `top` sequences about each input, ready for JSON.

        Each entry has the input, the tokens of it that the training data did not have, and the predictions
        with their scores: log-probabilities, of a beam divided by its length penalty.

        Raises:
            UsageError, DataError: see `read`.
        """
        reading = self.read(inputs)
        found = compile_decoding(self.models, self.WRITER, decoding, self.limits)(reading.sources)
        return [
            {
                "source": source,
                "unknown": list(unknown),
                "predictions": [
                    {"text": to_text(self.vocabulary.decode(row), self.kind), "score": float(score)}
                    for row, score in list(zip(rows, scores, strict=True))[:top]
                    if score > _NO_SEQUENCE
                ],
            }
            for source, unknown, rows, scores in zip(
                inputs, reading.unknown, found.tokens, found.scores, strict=True
            )
        ]

    @abstractmethod
    def draw_attention(self, source: str) -> Figure:
        """A picture of what each token that is written about an input attends to.

        Raises:
            UsageError: the model has no attention; see also `read`.
        """

    def attention(self, reading: Reading) -> tuple[Tokens, np.ndarray]:
        """What is written about the first input, greedily, and what each token attends to.

        The end is a token too, where it was reached.

        The weights are `(tokens, source)`, float32.

        Raises:
            UsageError: the model has no attention.
        """
        first = reading.sources[:1]
        found = compile_decoding(self.models[:1], self.WRITER, Decoding(), self.limits)(first)
        ids = found.tokens[0, 0][: np.count_nonzero(found.tokens[0, 0])]
        before = np.array([[self.limits.start, *ids[:-1]]], np.int32)
        weights = self.WRITER.attention_weights(self.models[0], first.values, before)
        return tuple(self._name(number) for number in ids), weights[0]

    def _name(self, number: int) -> str:
        return END if number == self.limits.end else "".join(self.vocabulary.decode([number]))


_NO_SEQUENCE = -1e29
