"""Checks of shipped weights against their cards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kzoo.data.catalog import find_card
from kzoo.data.checksums import checksum_like
from kzoo.data.search_path import find, not_found
from kzoo.errors import KzooError
from kzoo.training.run import RunFolder
from kzoo.weights.card import load_card
from kzoo.weights.measure import differences, measure


@dataclass(frozen=True)
class Check:
    """A check of shipped weights.

    `measured` are the figures measured now; if there are none, `not_measured` is the reason. `differences`
    are what differs from the card, one line each.
    """

    name: str
    measured: Mapping[str, float] = field(default_factory=dict)
    not_measured: str | None = None
    differences: tuple[str, ...] = ()


def check(name: str, data_dir: Path | None = None) -> Check:
    """Compare the file of shipped weights with its checksum and, if the data are there, its figures.

    Raises:
        UsageError: no shipped weights have this name.
        DataError: the card or the file is missing or damaged.
    """
    card = load_card(name)
    found = checksum_like(card.file, card.sha256)
    if found != card.sha256:
        told = f"{card.file} has {found}, its card {card.sha256}: install kzoo again"
        return Check(name, not_measured="the weights are others", differences=(told,))
    if find(card.data, data_dir) is None:
        return Check(name, not_measured=str(not_found(find_card(card.data), data_dir)))
    try:
        measured = measure(RunFolder(card.file.parent), data_dir)
    except KzooError as error:
        return Check(name, not_measured=str(error))
    return Check(name, measured, differences=tuple(differences(measured, card.figures)))
