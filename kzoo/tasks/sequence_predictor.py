"""Predictions of sequence models for a user's own inputs."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from kzoo.data.tokens import TokenKind, to_text
from kzoo.decoding import Limits
from kzoo.decoding.adapter import SequenceAdapter
from kzoo.decoding.decoder import Decode, compile_decoding
from kzoo.decoding.options import Decoding
from kzoo.tasks.experiment import Experiment
from kzoo.tasks.predictor import Answer, Answers, Attention, Input, Predictor
from kzoo.tasks.sequences import END, check_data, check_reading
from kzoo.tasks.vocabularies import Vocabularies, load_vocabulary
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
        self._target_vocabulary = load_vocabulary(runs)
        check_reading(runs, self.READS)
        super().__init__(runs, checkpoint)

    @property
    def vocabulary(self) -> Vocabularies:
        """The vocabularies of the models."""
        return Vocabularies(None, self._target_vocabulary)

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

    @abstractmethod
    def source_names(self, read: Any, count: int) -> tuple[str, ...]:
        """Name the parts of an input that `count` attention weights belong to, without padding."""

    def open_experiment(self, data_dir: Path | None = None) -> Experiment:
        """Open the experiment of the first run.

        Raises:
            UsageError: the runs were trained on different data.
            DataError: the data found now are not those that the run was trained on.
        """
        check_data(self.runs)
        return super().open_experiment(data_dir)

    def compile(self, decoding: Decoding | None) -> Answers:
        """Return a function that decodes inputs, as `read` returns them; greedily if `decoding` is None."""
        decode = compile_decoding(self.models, self.ADAPTER, decoding or Decoding(), self.limits)

        def answer(inputs: Sequence[Any]) -> list[list[Answer]]:
            found = decode(self.collate(inputs))
            return [
                [
                    Answer(to_text(self._target_vocabulary.decode(row), self.kind), float(score))
                    for row, score in zip(rows, scores, strict=True)
                    if score > _NO_SEQUENCE
                ]
                for rows, scores in zip(found.tokens, found.scores, strict=True)
            ]

        return answer

    def attention(self, source: Input) -> Attention:
        """Return the attention weights of the greedily decoded tokens of an input.

        Raises:
            UsageError: the model has no attention, or `read` raised it.
            DataError: `read` raised it.
        """
        read = self.read(source)
        sources = self.collate([read])
        found = self._decode_greedily(sources)
        ids = found.tokens[0, 0][: np.count_nonzero(found.tokens[0, 0])]
        before = np.array([[self.limits.start, *ids[:-1]]], np.int32)
        (weights,) = self.ADAPTER.attention_weights(self.model, sources.values, before)
        names = self.source_names(read, weights.shape[1])
        return Attention(names, tuple(map(self._name, ids)), weights[:, : len(names)])

    @cached_property
    def _decode_greedily(self) -> Decode:
        """Greedy decoding with the model of the first run."""
        return compile_decoding(self.models[:1], self.ADAPTER, Decoding(), self.limits)

    def _name(self, number: int) -> str:
        return END if number == self.limits.end else "".join(self._target_vocabulary.decode([number]))


_NO_SEQUENCE = -1e29
"""An upper bound of the scores of empty rows, which a beam has if it is wider than all its sequences."""
