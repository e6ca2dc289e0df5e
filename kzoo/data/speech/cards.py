"""The published sets of spoken texts.

The size and SHA-256 of LJ Speech's archive are those that TensorFlow Datasets and torchaudio record for it.
"""

from __future__ import annotations

from dataclasses import dataclass

from kzoo.data.card import RemoteFile, SetCard

SPEECH_STAND_INS = ("tones",)
"""The sets of sounds that kzoo makes itself (`kzoo.data.standins.tones`)."""

MAX_LENGTH = 97
"""The longest text in characters: R004's 99 symbols hold a start and an end too."""


@dataclass(frozen=True, kw_only=True)
class SpeechSetCard(SetCard):
    """What is published about a set of spoken texts; its clips have `rate` samples a second.

    A text of more than `max_length` characters is cut to them if `cut`, else left out.
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
        note="Published without splits; they are by position, as in R004. The normalised texts are read, in "
        "lower case. R004 used all 13,100 clips and 97 characters at most, so a longer text is cut.",
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
        "validation by a constant seed. No speaker is in two splits. The official archive and a folder in "
        "the layout of LJ Speech with a splits.csv are read. No checksum is published.",
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
