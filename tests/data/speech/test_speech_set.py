from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzoo.data.origin import Origin
from kzoo.data.row_filter import DroppedRows
from kzoo.data.speech.speech_set import SPEECH_VOCABULARY, SpeechSet, SpeechSplit, characters
from kzoo.errors import DataError
from kzoo.symbols import PAD, UNK


@pytest.fixture
def speech_set(tmp_path) -> SpeechSet:
    (tmp_path / "a.wav").write_bytes(b"sound")
    train = SpeechSplit.of([("a", tmp_path / "a.wav", tuple("yes")), ("b", samples(1, 2), tuple("no"))])
    held_out = SpeechSplit.of([("c", samples(3), tuple("go"))])
    return SpeechSet(
        train, held_out, held_out, 8_000, DroppedRows({}, ()), origin=Origin("mine", "here", False)
    )


def samples(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def test_there_are_the_35_symbols_of_r004():
    assert len(SPEECH_VOCABULARY) == 35
    assert SPEECH_VOCABULARY.tokens == tuple(" ,.?-abcdefghijklmnopqrstuvwxyz")
    assert SPEECH_VOCABULARY.encode(characters(" Az 3;")) == [9, 34, 4, UNK, UNK]


@given(st.text())
def test_characters_are_in_lower_case_and_known_or_unknown(text):
    tokens = characters(text)
    assert "".join(tokens) == text.strip().lower()
    assert PAD not in SPEECH_VOCABULARY.encode(tokens)


def test_a_split_has_the_parts_of_its_utterances(speech_set):
    assert len(speech_set.train) == 2
    assert speech_set.train.names == ("a", "b")
    assert speech_set.train.texts == (("y", "e", "s"), ("n", "o"))
    assert list(speech_set.splits) == ["train", "validation", "test"]
    assert len(SpeechSplit.of([])) == 0


def test_the_hash_follows_every_sample_character_and_place(speech_set, tmp_path):
    first = speech_set.sha256()
    assert replace(speech_set, origin=Origin("other", "there", False)).sha256() == first
    train, held_out = speech_set.train, speech_set.test
    others = [
        replace(speech_set, train=replace(train, texts=(("y", "es"), *train.texts[1:]))),
        replace(speech_set, train=replace(train, clips=(train.clips[0], samples(1, 2.5)))),
        replace(speech_set, train=replace(train, clips=train.clips[::-1])),
        replace(speech_set, train=held_out, test=train),
    ]
    hashes = {first, *(other.sha256() for other in others)}
    (tmp_path / "a.wav").write_bytes(b"another")
    assert len({*hashes, replace(speech_set).sha256()}) == 6  # a set is hashed once


def test_a_clip_that_is_gone_is_named(speech_set, tmp_path):
    (tmp_path / "a.wav").unlink()
    with pytest.raises(DataError, match=r"a\.wav does not exist"):
        speech_set.sha256()
