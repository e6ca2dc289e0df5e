"""Spanish phrases and their English translations, written by a grammar in place of Tatoeba's sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np

from kzoo.data.origin import Origin
from kzoo.data.pairs.pair_set import PairSet, PairSplit
from kzoo.data.row_filter import DroppedRows
from kzoo.data.standins.grammar import clauses, people, quantities, things
from kzoo.data.tokens import normalise
from kzoo.errors import UsageError

LONGEST = 19
"""Characters of the longest side: the published pairs are under 20."""

HELD_OUT = 1_000
"""How many phrases each are drawn for validation and for testing, as of the published pairs."""

MOST_OF_A_KIND = 3_000
"""How many phrases of one kind are drawn, so that none crowds out the others."""

Kind = Callable[[], Iterator[tuple[str, str]]]

KINDS: tuple[Kind, ...] = (
    *(quantities.numbers, quantities.dates, quantities.times, clauses.clauses, clauses.habits),
    *(things.things, quantities.counted_things, quantities.ordered_things, things.described_things),
    *(things.owned_things, things.statements_about_things, people.statements_about_people),
    *(people.feelings, people.comparisons, people.likings, clauses.clauses_with_adverbs),
    *(clauses.clauses_with_objects, clauses.clauses_with_pronouns, clauses.questions, clauses.commands),
)
"""The kinds of phrases, each a generator of texts in full orthography.

Their order is that in which they claim a Spanish phrase that can be read in two ways.
"""


def write_pair_set(seed: int, max_length: int = LONGEST) -> PairSet:
    """The phrases by characters, all that are not held out to train on.

    Args:
        seed: draws the phrases and their splits; not negative.
        max_length: the longest side in characters; none is longer than 19.

    Raises:
        UsageError: there are no three phrases that short.
    """
    pairs = [
        (tuple(source), tuple(target))
        for source, target in phrases(seed)
        if max(len(source), len(target)) <= max_length
    ]
    if len(pairs) < 3:
        raise UsageError(f"there are no phrases of {max_length} characters to learn from; allow {LONGEST}")
    held_out = min(HELD_OUT, len(pairs) // 3)
    test, validation, train = pairs[:held_out], pairs[held_out : 2 * held_out], pairs[2 * held_out :]
    return PairSet(
        PairSplit.of(train),
        PairSplit.of(validation),
        PairSplit.of(test),
        tokens=("characters", "characters"),
        origin=Origin("phrases", f"written with seed {seed}", stand_in=True),
        dropped=DroppedRows({}, ()),
    )


def phrases(seed: int) -> list[tuple[str, str]]:
    """Tens of thousands of Spanish phrases, each once, and their translations, in an order of the seed's.

    They are normalised as the published pairs are, and no side has more than `LONGEST` characters.
    """
    rng = np.random.default_rng(seed)
    claimed: dict[str, str] = {}
    drawn: list[tuple[str, str]] = []
    for kind in KINDS:
        fresh = [(source, target) for source, target in phrases_of(kind).items() if source not in claimed]
        claimed.update(fresh)
        drawn += (fresh[row] for row in rng.permutation(len(fresh))[:MOST_OF_A_KIND])
    return [drawn[row] for row in rng.permutation(len(drawn))]


@cache
def phrases_of(kind: Kind) -> dict[str, str]:
    """The normalised texts of a kind that are short enough, each with its first translation."""
    fitting: dict[str, str] = {}
    for text, translation in kind():
        if max(len(text), len(translation)) > LONGEST:
            continue  # normalising makes none of these shorter, and takes longer
        source, target = normalise(text), normalise(translation)
        if max(len(source), len(target)) <= LONGEST:
            fitting.setdefault(source, target)
    return fitting
