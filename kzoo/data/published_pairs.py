"""Published sets of pairs, read from the files in which they are published."""

from __future__ import annotations

from pathlib import Path

from kzoo.data.origin import Origin
from kzoo.data.pair_cards import PairSetCard
from kzoo.data.pair_layouts import PAIR_LAYOUTS, PairOptions
from kzoo.data.pairs import PairSet
from kzoo.errors import DataError


def read_published_pairs(card: PairSetCard, folder: Path, options: PairOptions) -> PairSet:
    """Read a published set from a folder that holds any of its official layouts.

    How many pairs there are is not checked here, so that a reduced set can be used; `kzoo data check`
    compares it with the published sizes.

    Raises:
        DataError: a file is missing or damaged, or a split holds no pair that can be used.
    """
    layout = next((layout for layout in PAIR_LAYOUTS[card.name] if layout.found(folder)), None)
    if layout is None:
        raise DataError(f"{folder} holds no files of {card.name}")
    splits, sieve = layout.read(folder, options)
    for name, split in splits.items():
        if not len(split):
            lost = "; ".join(sieve.dropped.lines()) or "its file is empty"
            raise DataError(f"{folder} holds no {name} pairs of {card.name}: {lost}")
    origin = Origin(card.name, str(folder), stand_in=False)
    return PairSet(**splits, tokens=card.tokens, origin=origin, dropped=sieve.dropped)
