from __future__ import annotations

import re

import pytest

from kzoo.data.captions.cards import CAPTION_SETS, CAPTION_STAND_INS
from kzoo.data.captions.layouts import CAPTION_LAYOUTS
from kzoo.data.catalog import PUBLISHED_SETS, find_card
from kzoo.data.images.cards import IMAGE_SETS, IMAGE_STAND_INS
from kzoo.data.images.layouts import LAYOUTS
from kzoo.data.pairs.cards import PAIR_SETS, PAIR_STAND_INS
from kzoo.data.pairs.layouts import PAIR_LAYOUTS
from kzoo.data.speech.cards import SPEECH_SETS, SPEECH_STAND_INS
from kzoo.data.speech.layouts import SPEECH_LAYOUTS
from kzoo.errors import UsageError


@pytest.mark.parametrize("card", IMAGE_SETS.values(), ids=list(IMAGE_SETS))
def test_a_card_is_complete(card):
    assert card.stand_in in IMAGE_STAND_INS
    assert LAYOUTS[card.name]
    assert list(card.sizes) == ["train", "validation", "test"]
    assert len(set(card.class_names)) == len(card.class_names)
    assert bool(card.files) != bool(card.archive)
    for file in card.files:
        assert file.url.partition("?")[0].endswith(f"/{file.name}")
        assert re.fullmatch("sha256:[0-9a-f]{64}|md5:[0-9a-f]{32}", file.checksum)


@pytest.mark.parametrize("card", PAIR_SETS.values(), ids=list(PAIR_SETS))
def test_a_card_of_pairs_is_complete(card):
    assert card.stand_in in {*PAIR_SETS, *PAIR_STAND_INS, None}
    assert PAIR_LAYOUTS[card.name]
    assert list(card.sizes) == ["train", "validation", "test"]
    for file in card.files:
        assert file.url.endswith(f"/{file.name}")
        assert file.checksum is None
        assert "No checksum is published" in card.note


@pytest.mark.parametrize("card", CAPTION_SETS.values(), ids=list(CAPTION_SETS))
def test_a_card_of_captions_is_complete(card):
    assert card.stand_in in {*CAPTION_SETS, *CAPTION_STAND_INS} - {card.name}
    assert CAPTION_LAYOUTS[card.name]
    assert list(card.sizes) == ["train", "validation", "test"]
    assert card.min_count >= 1
    assert "no checksum is published" in card.note


@pytest.mark.parametrize("card", SPEECH_SETS.values(), ids=list(SPEECH_SETS))
def test_a_card_of_speech_is_complete(card):
    assert card.stand_in in SPEECH_STAND_INS
    assert SPEECH_LAYOUTS[card.name]
    assert list(card.sizes) == ["train", "validation", "test"]
    assert [file.name for file in card.files] == [card.archive]
    for file in card.files:
        assert file.url.endswith(f"/{file.name}")
        assert (file.checksum is None) == ("No checksum is published" in card.note)
        assert re.fullmatch("sha256:[0-9a-f]{64}", file.checksum or f"sha256:{0:064}")


def test_every_set_has_a_name_of_its_own():
    sizes = map(len, (IMAGE_SETS, PAIR_SETS, CAPTION_SETS, SPEECH_SETS))
    assert len(PUBLISHED_SETS) == sum(sizes)
    assert all(find_card(name).name == name for name in PUBLISHED_SETS)


def test_checksums_are_of_different_files():
    checksums = [file.checksum for card in IMAGE_SETS.values() for file in card.files]
    assert len(checksums) == len(set(checksums)) == 13


def test_an_unknown_name_gets_the_nearest_one():
    with pytest.raises(UsageError, match="'fashion_mnist'; did you mean 'fashion-mnist'"):
        find_card("fashion_mnist")
