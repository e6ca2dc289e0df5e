from __future__ import annotations

import subprocess
import sys

import pytest

from kzoo.data.standins.phrases import HELD_OUT, LONGEST, PATTERNS, phrases, phrases_of, write_pair_set
from kzoo.data.tokens import normalise


@pytest.fixture(scope="module")
def written() -> list[tuple[str, str]]:
    return phrases(7)


def test_tens_of_thousands_of_phrases_have_one_translation_each(written):
    assert len(written) >= 20_000
    assert len({source for source, _ in written}) == len(written)


def test_they_are_in_the_form_of_the_published_pairs(written):
    for text in (text for pair in written for text in pair):
        assert 0 < len(text) <= LONGEST
        assert normalise(text) == text


def test_both_sides_end_alike(written):
    ends = set(".!?")
    assert [pair for pair in written if (set(pair[0]) & ends) != (set(pair[1]) & ends)] == []


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.__name__)
def test_every_pattern_gives_many(pattern):
    assert len(phrases_of(pattern)) >= 1_000


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("veintidos gatos", "twenty two cats"),
        ("treinta y dos casas", "thirty two houses"),
        ("veintiun gatos", None),
        ("las casas rojas", "the red houses"),
        ("la playa fria", "the cold beach"),
        ("los coches verdes", "the green cars"),
        ("mis ovejas", "my sheep"),
        ("una manzana", "an apple"),
        ("la casa es roja .", "the house is red ."),
        ("es negro el gato ?", "is the cat black ?"),
        ("ella canta .", "she sings ."),
        ("llora el ?", "does he cry ?"),
        ("el llora .", "he cries ."),
        ("no comen .", "they don t eat ."),
        ("hablamos .", "we speak ."),
        ("no nadaremos .", "we won t swim ."),
        ("vivi aqui .", "i lived here ."),
        ("abri la caja .", "i opened the box ."),
        ("no corras !", "don t run !"),
        ("no fumes aqui !", "don t smoke here !"),
        ("escribe !", "write !"),
    ],
)
def test_some_phrases(source, target):
    found = {}
    for pattern in PATTERNS:
        found = {**phrases_of(pattern), **found}
    assert found.get(source) == target


def test_a_seed_writes_the_same_phrases_in_any_process(written):
    code = "from kzoo.data.standins.phrases import write_pair_set; print(write_pair_set(7).sha256())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == write_pair_set(7).sha256() != write_pair_set(8).sha256()


def test_another_seed_draws_others_but_translates_alike(written):
    others = dict(phrases(8))
    assert others != dict(written)
    assert [source for source, target in written if others.get(source, target) != target] == []


def test_the_splits_share_no_phrase():
    pair_set = write_pair_set(7)
    sources = [source for split in pair_set.splits.values() for source in split.sources]
    assert len(set(sources)) == len(sources)
    assert len(pair_set.validation) == len(pair_set.test) == HELD_OUT
    assert pair_set.origin.stand_in
