"""Vocabularies: the tokens that a model knows and their indices."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from kzoo.data.errors import regular, unreadable
from kzoo.errors import DataError
from kzoo.files import atomic_write_text
from kzoo.symbols import EOS, PAD, SOS, UNK

SPECIALS = ("<pad>", "<sos>", "<eos>", "<unk>")

_FORMAT, _VERSION = "kzoo vocabulary", 1


@dataclass(frozen=True)
class Vocabulary:
    """A vocabulary. The special tokens have the indices 0 to 3; those of `tokens` follow in order."""

    tokens: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(set(self.tokens)) < len(self.tokens):
            raise ValueError("a vocabulary holds each token once")

    @classmethod
    def build(cls, sequences: Iterable[Sequence[str]], min_count: int = 1) -> Vocabulary:
        """Build the vocabulary of all tokens that occur at least `min_count` times, sorted by code point."""
        counts = Counter(chain.from_iterable(sequences))
        return cls(tuple(sorted(token for token, count in counts.items() if count >= min_count)))

    def __len__(self) -> int:
        return len(SPECIALS) + len(self.tokens)

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """Return the indices of the tokens, UNK for an unknown one; see `unknown`."""
        return [self._numbers.get(token, UNK) for token in tokens]

    def unknown(self, tokens: Iterable[str]) -> tuple[str, ...]:
        """Return the unknown tokens, each once, in order of appearance."""
        return tuple(dict.fromkeys(token for token in tokens if token not in self._numbers))

    def decode(self, numbers: Iterable[int]) -> tuple[str, ...]:
        """Return the tokens up to the first EOS. Padding and SOS are skipped, UNK becomes `<unk>`.

        Raises:
            ValueError: an index is out of range.
        """
        tokens = []
        for number in map(int, numbers):
            if not 0 <= number < len(self):
                raise ValueError(f"no token has the number {number}; expected 0 to {len(self) - 1}")
            if number == EOS:
                break
            if number not in (PAD, SOS):
                tokens.append(self._names[number])
        return tuple(tokens)

    def encode_batch(
        self, sequences: Sequence[Sequence[str]], *, start: bool = False, end: bool = False
    ) -> np.ndarray:
        """Encode sequences as int32 `(count, longest)`, padded with 0 at the end.

        Args:
            sequences: the tokens of each sequence.
            start: put SOS before each sequence, as before a target.
            end: put EOS after each sequence, as after a target.
        """
        lengths = np.fromiter(map(len, sequences), np.int64, len(sequences))
        flat = np.fromiter(self.encode(chain.from_iterable(sequences)), np.int32, lengths.sum())
        longest = int(lengths.max(initial=0))
        batch = np.full((len(sequences), start + longest + end), PAD, np.int32)
        batch[:, start : start + longest][np.arange(longest) < lengths[:, None]] = flat
        if start:
            batch[:, 0] = SOS
        if end:
            batch[np.arange(len(batch)), start + lengths] = EOS
        return batch

    def to_json(self) -> dict[str, Any]:
        """Return the vocabulary as plain types, with the version of its format."""
        return {
            "format": _FORMAT,
            "version": _VERSION,
            "specials": list(SPECIALS),
            "tokens": list(self.tokens),
        }

    @classmethod
    def from_json(cls, content: Any, where: str) -> Vocabulary:
        """Rebuild a vocabulary from the result of `to_json`. Raises a DataError naming `where` otherwise."""
        if not isinstance(content, dict) or content.get("format") != _FORMAT:
            raise DataError(f"{where} is not a kzoo vocabulary")
        if content.get("version") != _VERSION or content.get("specials") != list(SPECIALS):
            raise DataError(
                f"{where} is a vocabulary of version {content.get('version')!r} with the special tokens "
                f"{content.get('specials')!r}; this kzoo reads version {_VERSION} with {list(SPECIALS)}"
            )
        tokens = content.get("tokens")
        if not isinstance(tokens, list) or not all(isinstance(token, str) and token for token in tokens):
            raise DataError(f"{where} is damaged: its tokens are not a list of texts")
        if len(set(tokens)) < len(tokens):
            raise DataError(f"{where} is damaged: it holds a token twice")
        return cls(tuple(tokens))

    def save(self, path: Path) -> None:
        """Write the vocabulary to `path` atomically."""
        atomic_write_text(path, json.dumps(self.to_json(), ensure_ascii=False, indent=1) + "\n")

    @classmethod
    def load(cls, path: Path) -> Vocabulary:
        """Load a file that `save` wrote. Raises DataError if it is missing, damaged or of another version."""
        try:
            content = json.loads(regular(path).read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            raise unreadable(path, error) from error
        return cls.from_json(content, str(path))

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return (*SPECIALS, *self.tokens)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {token: number for number, token in enumerate(self.tokens, len(SPECIALS))}
