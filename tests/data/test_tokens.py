from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzoo.data.tokens import caption_words, normalise, to_text, to_tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("¿Qué dijisteis?", "que dijisteis ?"),
        ("I'm able to run.", "i m able to run ."),
        ("¡Vaya, Íñigo!", "vaya inigo !"),
        ("Wait... what?!", "wait . . . what ? !"),
        ("A las 10:30", "a las"),
        ("Straße 7", "stra e"),
        ("¿1?", "?"),
    ],
)
def test_a_sentence_as_the_published_pairs_have_it(text, expected):
    assert normalise(text) == expected


@given(st.text())
def test_normalising_twice_changes_nothing(text):
    once = normalise(text)
    assert normalise(once) == once
    assert set(once) <= set("abcdefghijklmnopqrstuvwxyz .!?")
    assert "  " not in once


@given(st.text())
def test_characters_come_back(text):
    assert to_text(to_tokens(text, "characters"), "characters") == text


@given(st.lists(st.text("abcɹiʰ", min_size=1)))
def test_phones_come_back(phones):
    assert to_tokens(to_text(tuple(phones), "spaces"), "spaces") == tuple(phones)


def test_the_words_of_a_caption_are_lower_case_without_marks():
    words = caption_words(["A", "T-junction", ",", "and", '"boats"', "."])
    assert words == ("a", "t-junction", "and", "boats")
    assert caption_words(["There's", "3", "Ñandúes!", "_", "...", ""]) == ("there's", "3", "ñandúes")


@given(st.lists(st.text()))
def test_words_have_no_mark_at_their_ends(tokens):
    words = caption_words(tokens)
    assert all(word[0].isalnum() and word[-1].isalnum() for word in words)
    assert caption_words(words) == words
