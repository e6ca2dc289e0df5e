from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzoo.data.vocabulary import Vocabulary
from kzoo.errors import DataError
from kzoo.symbols import EOS, PAD, SOS, UNK

WORDS = st.lists(st.text("abcdñ", max_size=6), min_size=1, max_size=6)


def test_tokens_are_numbered_in_the_order_of_their_code_points_after_the_special_ones():
    vocabulary = Vocabulary.build([("b", "a"), ("aʰ", "b"), ()])
    assert vocabulary.tokens == ("a", "aʰ", "b")
    assert len(vocabulary) == 7
    assert vocabulary.encode(("a", "aʰ", "b")) == [4, 5, 6]


def test_rare_tokens_can_be_left_unknown():
    sequences = [("a", "b", "a"), ("b", "c"), ("a",)]
    for min_count, tokens in ((1, ("a", "b", "c")), (2, ("a", "b")), (3, ("a",)), (4, ())):
        assert Vocabulary.build(sequences, min_count).tokens == tokens


def test_an_unknown_token_is_unk_and_is_reported_once():
    vocabulary = Vocabulary.build(["ab"])
    assert vocabulary.encode("axbyx") == [4, UNK, 5, UNK, UNK]
    assert vocabulary.unknown("axbyx") == ("x", "y")
    assert vocabulary.decode([4, UNK]) == ("a", "<unk>")


@given(WORDS)
def test_what_is_encoded_is_decoded(words):
    vocabulary = Vocabulary.build(words)
    for word in words:
        assert vocabulary.decode(vocabulary.encode(word)) == tuple(word)


@given(WORDS, st.booleans(), st.booleans())
def test_a_batch_is_its_sequences_framed_and_padded(words, start, end):
    vocabulary = Vocabulary.build(words)
    batch = vocabulary.encode_batch(words, start=start, end=end)
    assert batch.dtype == np.int32
    assert batch.shape == (len(words), max(map(len, words)) + start + end)
    for row, word in zip(batch.tolist(), words, strict=True):
        framed = [SOS] * start + vocabulary.encode(word) + [EOS] * end
        assert row == framed + [PAD] * (batch.shape[1] - len(framed))
        assert vocabulary.decode(row) == tuple(word)


def test_a_batch_of_nothing():
    assert Vocabulary(("a",)).encode_batch([]).shape == (0, 0)
    assert Vocabulary(("a",)).encode_batch([()], start=True, end=True).tolist() == [[SOS, EOS]]


def test_decoding_stops_at_the_end_and_refuses_what_is_no_number_of_a_token():
    vocabulary = Vocabulary(("a", "b"))
    assert vocabulary.decode(np.array([SOS, 5, EOS, 4, 99])) == ("b",)
    for number in (-1, 6):
        with pytest.raises(ValueError, match=f"no token has the number {number}; expected 0 to 5"):
            vocabulary.decode([number])


def test_a_token_is_held_once():
    with pytest.raises(ValueError, match="once"):
        Vocabulary(("a", "a"))


@given(WORDS)
def test_what_is_written_as_json_is_read(words):
    vocabulary = Vocabulary.build(words)
    assert Vocabulary.from_json(json.loads(json.dumps(vocabulary.to_json())), "here") == vocabulary


def test_what_is_saved_is_loaded(tmp_path):
    vocabulary = Vocabulary.build([("d͡ʒ", " ", "é")])
    vocabulary.save(tmp_path / "source.json")
    assert Vocabulary.load(tmp_path / "source.json") == vocabulary
    assert [path.name for path in tmp_path.iterdir()] == ["source.json"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "other"}, "is not a kzoo vocabulary"),
        ({"version": 2}, "of version 2 with"),
        ({"specials": ["<pad>"]}, r"special tokens \['<pad>'\]; this kzoo reads"),
        ({"tokens": "ab"}, "damaged: its tokens"),
        ({"tokens": ["a", ""]}, "damaged: its tokens"),
        ({"tokens": ["a", "a"]}, "damaged: it holds a token twice"),
    ],
)
def test_what_is_no_vocabulary_is_refused(tmp_path, change, message):
    path = tmp_path / "source.json"
    path.write_text(json.dumps(Vocabulary(("a",)).to_json() | change), encoding="utf-8")
    with pytest.raises(DataError, match=rf"source\.json .*{message}"):
        Vocabulary.load(path)


def test_a_damaged_or_missing_file_is_named(tmp_path):
    (tmp_path / "cut.json").write_text('{"format": "kzoo voc', encoding="utf-8")
    for name in ("cut.json", "missing.json"):
        with pytest.raises(DataError, match=name):
            Vocabulary.load(tmp_path / name)
