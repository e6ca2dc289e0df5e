"""What a set of sequence pairs is: three splits of sources and targets, and where they came from."""

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
    """The sources and their targets, each a tuple of tokens, in the same order."""

    sources: tuple[Tokens, ...]
    targets: tuple[Tokens, ...]

    @classmethod
    def of(cls, pairs: Iterable[Pair]) -> PairSplit:
        """The split of these pairs."""
        pairs = tuple(pairs)
        return cls(tuple(source for source, _ in pairs), tuple(target for _, target in pairs))

    def __len__(self) -> int:
        return len(self.sources)

    def take(self, rows: np.ndarray) -> PairSplit:
        """The split of these rows, in this order."""
        return PairSplit.of((self.sources[row], self.targets[row]) for row in rows)

    def content(self) -> Iterator[bytes | memoryview]:
        """Every token."""
        yield json.dumps([self.sources, self.targets]).encode()


@dataclass(frozen=True)
class PairSet(DataSet[PairSplit]):
    """Pairs of sequences in three splits; `tokens` says what the tokens of sources and targets are."""

    tokens: tuple[TokenKind, TokenKind]
    dropped: DroppedRows

    def vocabularies(self) -> tuple[Vocabulary, Vocabulary]:
        """The vocabularies of the sources and of the targets of the training split."""
        return Vocabulary.build(self.train.sources), Vocabulary.build(self.train.targets)
