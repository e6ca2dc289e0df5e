from __future__ import annotations

import subprocess
import sys

import pytest

from kzoo.data.standins.phrases import HELD_OUT, KINDS, LONGEST, phrases, phrases_of, write_pair_set
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


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_gives_many(kind):
    assert len(phrases_of(kind)) >= 150


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("veintiun gatos", "twenty one cats"),
        ("treinta y una casas", "thirty one houses"),
        ("el primer libro", "the first book"),
        ("a las tres y media", "at half past three"),
        ("las casas rojas", "the red houses"),
        ("el agua fria", "the cold water"),
        ("mi mano", None),
        ("esta abierta la caja ?", None),
        ("ella esta cansada .", "she s tired ."),
        ("tengo hambre .", "i m hungry ."),
        ("no comen .", None),
        ("hablamos .", "we speak ."),
        ("ella me ayuda .", "she helps me ."),
        ("donde vives ?", "where do you live ?"),
        ("no corras !", "don t run !"),
    ],
)
def test_some_phrases(source, target):
    found = {}
    for kind in KINDS:
        found = {**phrases_of(kind), **found}
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
