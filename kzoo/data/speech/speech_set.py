"""Types of a speech data set: a split of clips with their texts, and the whole set."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from string import ascii_lowercase

import numpy as np

from kzoo.data.checksums import checksum_like
from kzoo.data.data_set import DataSet
from kzoo.data.errors import unreadable
from kzoo.data.row_filter import DroppedRows
from kzoo.data.speech.audio import Clip
from kzoo.data.tokens import Tokens
from kzoo.data.vocabulary import Vocabulary

SPEECH_VOCABULARY = Vocabulary((*" ,.?-", *ascii_lowercase))
"""R004's 35 symbols: padding, start, end and unknown (R004's @ < > #) and these 31 characters."""

Utterance = tuple[str, Clip, Tokens]
"""The name of a clip, the clip, and the characters of its text."""


@dataclass(frozen=True, eq=False)
class SpeechSplit:
    """A split: the names of the clips, the clips, and the characters of their texts, in the same order."""

    names: tuple[str, ...]
    clips: tuple[Clip, ...]
    texts: tuple[Tokens, ...]

    @classmethod
    def of(cls, utterances: Iterable[Utterance]) -> SpeechSplit:
        """Build a split from utterances."""
        utterances = tuple(utterances)
        return cls(
            tuple(name for name, _, _ in utterances),
            tuple(clip for _, clip, _ in utterances),
            tuple(text for _, _, text in utterances),
        )

    def __len__(self) -> int:
        return len(self.names)

    def take(self, rows: np.ndarray) -> SpeechSplit:
        """Return a split that holds only these clips, in this order."""
        return SpeechSplit.of((self.names[row], self.clips[row], self.texts[row]) for row in rows)

    def content(self) -> Iterator[bytes | memoryview]:
        """Yield all texts and the hashes of all clips as bytes."""
        yield json.dumps([*self.texts, *map(_digest, self.clips)]).encode()


@dataclass(frozen=True, eq=False)
class SpeechSet(DataSet[SpeechSplit]):
    """A speech data set. Its clips are read, or were generated, at `rate` samples per second."""

    rate: int
    dropped: DroppedRows


def characters(text: str) -> Tokens:
    """Return the characters of a text in lower case, without white space at its ends (R004)."""
    return tuple(text.strip().lower())


def _digest(clip: Clip) -> str:
    """Return the hash of the bytes of an audio file, or of generated samples."""
    if not isinstance(clip, Path):
        return hashlib.sha256(clip.astype("<f4").tobytes()).hexdigest()
    try:
        return checksum_like(clip, "sha256:")
    except OSError as error:
        raise unreadable(clip, error) from error
