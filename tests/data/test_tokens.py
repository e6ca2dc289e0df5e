from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzoo.data.tokens import normalise, to_text, to_tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("¿Qué dijisteis?", " que dijisteis ?"),
        ("I'm able to run.", "i m able to run ."),
        ("¡Vaya, Íñigo!", " vaya inigo !"),
        ("Wait... what?!", "wait . . . what ? !"),
        ("A las 10:30", "a las "),
        ("Straße 7", "stra e"),
    ],
)
def test_a_sentence_as_the_published_pairs_have_it(text, expected):
    assert normalise(text) == expected.rstrip()


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
