"""Cards of the published speech sets.

The size and SHA-256 of LJ Speech's archive are taken from TensorFlow Datasets and torchaudio.
"""

from __future__ import annotations

from dataclasses import dataclass

from kzoo.data.card import RemoteFile, SetCard

SPEECH_STAND_INS = ("tones",)
"""The names of the stand-ins, which kzoo generates (`kzoo.data.standins.tones`)."""

MAX_LENGTH = 97
"""The most characters in a text. R004's limit of 99 symbols includes a start and an end."""


@dataclass(frozen=True, kw_only=True)
class SpeechSetCard(SetCard):
    """The published facts about a speech set. Its clips have `rate` samples per second.

    A text of more than `max_length` characters is truncated if `cut`, otherwise left out.
    """

    rate: int
    max_length: int = MAX_LENGTH
    cut: bool = False


_CARDS = (
    SpeechSetCard(
        name="lj-speech",
        title="LJ Speech 1.1: a reader of seven books (Ito and Johnson 2017)",
        sizes={"train": 9_825, "validation": 655, "test": 2_620},
        licence="public domain",
        homepage="https://keithito.com/LJ-Speech-Dataset/",
        note="Published without splits and split by position, as in R004. The normalised texts are read, in "
        "lower case. R004 used all 13,100 clips and at most 97 characters, so a longer text is truncated.",
        stand_in="tones",
        files=(
            RemoteFile(
                name="LJSpeech-1.1.tar.bz2",
                url="https://data.keithito.com/data/speech/LJSpeech-1.1.tar.bz2",
                bytes=2_748_572_632,
                checksum="sha256:be1a30453f28eb8dd26af4101ae40cbf2c50413b1bb21936cbcdc6fae3de8aa5",
            ),
        ),
        archive="LJSpeech-1.1.tar.bz2",
        rate=22_050,
        cut=True,
    ),
    SpeechSetCard(
        name="an4",
        title="AN4: addresses, names and numbers, many of them spelt (Acero and Stern 1990)",
        sizes={"train": 848, "validation": 100, "test": 130},
        licence="BSD-like, by Carnegie Mellon University",
        homepage="http://www.speech.cs.cmu.edu/databases/an4/",
        note="Published as 948 + 130 clips; eight of the 74 speakers of the former are held out for "
        "validation by a constant seed. No speaker is in two splits. The official archive is read, or "
        "a folder in the layout of LJ Speech with a splits.csv. No checksum is published.",
        stand_in="tones",
        files=(
            RemoteFile(
                "an4_sphere.tar.gz",
                "http://www.speech.cs.cmu.edu/databases/an4/an4_sphere.tar.gz",
                None,
                None,
            ),
        ),
        archive="an4_sphere.tar.gz",
        rate=16_000,
    ),
)

SPEECH_SETS: dict[str, SpeechSetCard] = {card.name: card for card in _CARDS}
