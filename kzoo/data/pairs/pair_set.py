"""Types of a data set of sequence pairs: a split of sources and targets, and the whole set."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from kzoo.data.data_set import DataSet
from kzoo.data.row_filter import DroppedRows, Pair
from kzoo.data.tokens import TokenKind, Tokens
from kzoo.data.vocabulary import Vocabulary


@dataclass(frozen=True)
class PairSplit:
    """A split: the sources and, in the same order, their targets, each a tuple of tokens."""

    sources: tuple[Tokens, ...]
    targets: tuple[Tokens, ...]

    @classmethod
    def of(cls, pairs: Iterable[Pair]) -> PairSplit:
        """Build a split from pairs."""
        pairs = tuple(pairs)
        return cls(tuple(source for source, _ in pairs), tuple(target for _, target in pairs))

    def __len__(self) -> int:
        return len(self.sources)

    def take(self, rows: np.ndarray) -> PairSplit:
        """Return a split that holds only these rows, in this order."""
        return PairSplit.of((self.sources[row], self.targets[row]) for row in rows)

    def content(self) -> Iterator[bytes | memoryview]:
        """Yield all sources and targets as bytes."""
        yield json.dumps([self.sources, self.targets]).encode()


@dataclass(frozen=True)
class PairSet(DataSet[PairSplit]):
    """A data set of sequence pairs. `tokens` are the kinds of tokens of the sources and of the targets."""

    tokens: tuple[TokenKind, TokenKind]
    dropped: DroppedRows

    def vocabularies(self) -> tuple[Vocabulary, Vocabulary]:
        """Return the vocabularies of the training sources and of the training targets."""
        return Vocabulary.build(self.train.sources), Vocabulary.build(self.train.targets)
