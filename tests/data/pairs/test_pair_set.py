from __future__ import annotations

from dataclasses import replace

import pytest

from kzoo.data.origin import Origin
from kzoo.data.pairs.pair_set import PairSet, PairSplit
from kzoo.data.row_filter import DroppedRows


@pytest.fixture
def pair_set() -> PairSet:
    train = PairSplit.of([(("k", "æ", "t"), tuple("cat")), (("b",), tuple("be"))])
    held_out = PairSplit.of([(("z",), tuple("zoo"))])
    origin = Origin("words", "here", stand_in=False)
    return PairSet(train, held_out, held_out, ("spaces", "characters"), DroppedRows({}, ()), origin=origin)


def test_pairs_are_sources_and_targets_in_order(pair_set):
    assert pair_set.train.sources == (("k", "æ", "t"), ("b",))
    assert pair_set.train.targets == (("c", "a", "t"), ("b", "e"))
    assert [len(split) for split in pair_set.splits.values()] == [2, 1, 1]
    assert len(PairSplit.of([])) == 0


def test_the_vocabularies_are_those_of_the_training_split(pair_set):
    source, target = pair_set.vocabularies()
    assert source.tokens == ("b", "k", "t", "æ")
    assert target.tokens == ("a", "b", "c", "e", "t")


def test_the_hash_is_of_every_token_in_order(pair_set):
    reversed_train = PairSplit(pair_set.train.sources[::-1], pair_set.train.targets[::-1])
    joined = PairSplit((("kæ", "t"), ("b",)), pair_set.train.targets)
    hashes = {
        pair_set.sha256(),
        replace(pair_set, train=reversed_train).sha256(),
        replace(pair_set, train=joined).sha256(),
        replace(pair_set, test=pair_set.train).sha256(),
        replace(pair_set, validation=pair_set.train).sha256(),
    }
    assert len(hashes) == 5
    assert replace(pair_set, origin=Origin("other", "there", stand_in=True)).sha256() == pair_set.sha256()
