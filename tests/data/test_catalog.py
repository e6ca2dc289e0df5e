from __future__ import annotations

import re

import pytest

from kzoo.data.catalog import IMAGE_SETS, STAND_INS, find_card
from kzoo.data.layouts import LAYOUTS
from kzoo.errors import UsageError


@pytest.mark.parametrize("card", IMAGE_SETS.values(), ids=list(IMAGE_SETS))
def test_a_card_is_complete(card):
    assert card.stand_in in STAND_INS
    assert LAYOUTS[card.name]
    assert list(card.sizes) == ["train", "validation", "test"]
    assert len(set(card.class_names)) == len(card.class_names)
    assert bool(card.files) != bool(card.archive)
    for file in card.files:
        assert file.url.partition("?")[0].endswith(f"/{file.name}")
        assert re.fullmatch("sha256:[0-9a-f]{64}|md5:[0-9a-f]{32}", file.checksum)


def test_checksums_are_of_different_files():
    checksums = [file.checksum for card in IMAGE_SETS.values() for file in card.files]
    assert len(checksums) == len(set(checksums)) == 13


def test_an_unknown_name_gets_the_nearest_one():
    with pytest.raises(UsageError, match="'fashion_mnist'; did you mean 'fashion-mnist'"):
        find_card("fashion_mnist")
