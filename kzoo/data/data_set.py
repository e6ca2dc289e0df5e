"""Base types of a loaded data set of any kind: three splits, their origin and a hash of all examples."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Generic, Protocol, Self, TypeVar

import numpy as np

from kzoo.data.origin import Origin


class DataSplit(Protocol):
    """The examples of one split, in the order of the files."""

    def __len__(self) -> int: ...

    def take(self, rows: np.ndarray) -> Self:
        """Return a split that holds only these rows, in this order."""

    def content(self) -> Iterator[bytes | memoryview]:
        """Yield the bytes of every example in order. Raises DataError if a file cannot be read."""


SplitT = TypeVar("SplitT", bound=DataSplit)


@dataclass(frozen=True, eq=False)
class DataSet(Generic[SplitT]):
    """A data set with its training, validation and test splits."""

    train: SplitT
    validation: SplitT
    test: SplitT
    origin: Origin = field(kw_only=True)

    @property
    def splits(self) -> dict[str, SplitT]:
        """The splits by name: train, validation, test."""
        return {"train": self.train, "validation": self.validation, "test": self.test}

    @property
    def sizes(self) -> dict[str, int]:
        """The number of examples in each split."""
        return {name: len(split) for name, split in self.splits.items()}

    def sha256(self) -> str:
        """Return a hash of all examples in order. Two runs with the same hash used the same data.

        Files are hashed as raw bytes, without decoding them. The hash is computed once and cached.

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
