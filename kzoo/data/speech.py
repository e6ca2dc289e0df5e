"""What a set of spoken texts is: three splits of clips and what is said in them, and where they came from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from string import ascii_lowercase

import numpy as np

from kzoo.data.audio import Clip
from kzoo.data.checksums import checksum_like
from kzoo.data.faults import unreadable
from kzoo.data.origin import Origin
from kzoo.data.sieve import DroppedRows
from kzoo.data.tokens import Tokens
from kzoo.data.vocabulary import Vocabulary

SPEECH_VOCABULARY = Vocabulary((*" ,.?-", *ascii_lowercase))
"""R004's 35 symbols: padding, start, end, unknown (its @ < > #) and these 31; all others are unknown."""

Utterance = tuple[str, Clip, Tokens]
"""The name of a clip, the clip, and the characters of what is said in it."""


@dataclass(frozen=True, eq=False)
class SpeechSplit:
    """The names of the clips, the clips, and the characters of their texts, in the same order."""

    names: tuple[str, ...]
    clips: tuple[Clip, ...]
    texts: tuple[Tokens, ...]

    @classmethod
    def of(cls, utterances: Iterable[Utterance]) -> SpeechSplit:
        """The split of these utterances."""
        utterances = tuple(utterances)
        return cls(
            tuple(name for name, _, _ in utterances),
            tuple(clip for _, clip, _ in utterances),
            tuple(text for _, _, text in utterances),
        )

    def __len__(self) -> int:
        return len(self.names)

    def take(self, rows: np.ndarray) -> SpeechSplit:
        """The split of these clips, in this order."""
        return SpeechSplit.of((self.names[row], self.clips[row], self.texts[row]) for row in rows)


@dataclass(frozen=True, eq=False)
class SpeechSet:
    """Spoken texts in three splits; the clips are read at, or were made at, `rate` samples a second."""

    train: SpeechSplit
    validation: SpeechSplit
    test: SpeechSplit
    rate: int
    origin: Origin
    dropped: DroppedRows

    @property
    def splits(self) -> dict[str, SpeechSplit]:
        """The splits by name, in the order in which they are used."""
        return {"train": self.train, "validation": self.validation, "test": self.test}

    def sha256(self) -> str:
        """The hash of every clip and character in order: two runs with the same hash saw the same data.

        Raises:
            DataError: a sound file is gone.
        """
        digest = hashlib.sha256()
        for split in self.splits.values():
            digest.update(json.dumps([*split.texts, *map(_digest, split.clips)]).encode())
        return digest.hexdigest()


def characters(text: str) -> Tokens:
    """The characters of a text in lower case, without the space at its ends (R004)."""
    return tuple(text.strip().lower())


def _digest(clip: Clip) -> str:
    """The hash of a file's bytes, or of samples."""
    if not isinstance(clip, Path):
        return hashlib.sha256(clip.astype("<f4").tobytes()).hexdigest()
    try:
        return checksum_like(clip, "sha256:")
    except OSError as error:
        raise unreadable(clip, error) from error
