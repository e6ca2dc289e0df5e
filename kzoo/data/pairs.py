"""What a set of sequence pairs is: three splits of sources and targets, and where they came from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from kzoo.data.origin import Origin
from kzoo.data.sieve import DroppedRows, Pair
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


@dataclass(frozen=True)
class PairSet:
    """Pairs of sequences in three splits; `tokens` says what the tokens of sources and targets are."""

    train: PairSplit
    validation: PairSplit
    test: PairSplit
    tokens: tuple[TokenKind, TokenKind]
    origin: Origin
    dropped: DroppedRows

    @property
    def splits(self) -> dict[str, PairSplit]:
        """The splits by name, in the order in which they are used."""
        return {"train": self.train, "validation": self.validation, "test": self.test}

    def vocabularies(self) -> tuple[Vocabulary, Vocabulary]:
        """The vocabularies of the sources and of the targets of the training split."""
        return Vocabulary.build(self.train.sources), Vocabulary.build(self.train.targets)

    def sha256(self) -> str:
        """The hash of every token in order: two runs with the same hash saw the same data."""
        digest = hashlib.sha256()
        for split in self.splits.values():
            digest.update(json.dumps([split.sources, split.targets]).encode())
        return digest.hexdigest()
