"""What a loaded set of any kind is: three splits, where they came from, and a hash of all of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Generic, Protocol, Self, TypeVar

import numpy as np

from kzoo.data.origin import Origin


class DataSplit(Protocol):
    """Examples of a set in the order of its files."""

    def __len__(self) -> int: ...

    def take(self, rows: np.ndarray) -> Self:
        """The split of these rows, in this order."""

    def content(self) -> Iterator[bytes | memoryview]:
        """The bytes of every example in order. Raises DataError if a file of one cannot be read."""


SplitT = TypeVar("SplitT", bound=DataSplit)


@dataclass(frozen=True, eq=False)
class DataSet(Generic[SplitT]):
    """A set in its three splits."""

    train: SplitT
    validation: SplitT
    test: SplitT
    origin: Origin = field(kw_only=True)

    @property
    def splits(self) -> dict[str, SplitT]:
        """The splits by name, in the order in which they are used."""
        return {"train": self.train, "validation": self.validation, "test": self.test}

    @property
    def sizes(self) -> dict[str, int]:
        """How many examples each split has."""
        return {name: len(split) for name, split in self.splits.items()}

    def sha256(self) -> str:
        """The hash of every example in order: two runs with the same hash saw the same data.

        Files are hashed as bytes, whatever they decode to. It is computed once.

        Raises:
            DataError: a file cannot be read.
        """
        return self._sha256

    @cached_property
    def _sha256(self) -> str:
        digest = hashlib.sha256()
        for split in self.splits.values():
            for part in split.content():
                digest.update(part)
        return digest.hexdigest()
