from __future__ import annotations

import pytest

from kzoo.names import LONGEST, is_name, nearest, suggestion, to_name


def test_the_nearest_is_spelt_alike_or_abbreviated():
    known = ["learning_rate", "label_smoothing", "seed", "epochs"]
    assert nearest("epoch", known) == "epochs"
    assert nearest("lr", known) == "learning_rate"
    assert nearest("zzz", known) is None
    assert suggestion("lr", known) == "did you mean 'learning_rate'?"
    assert suggestion("zzz", known) == "known: epochs, label_smoothing, learning_rate, seed"


@pytest.mark.parametrize("name", ["cnn-bn", "R001-2.2", "lr=0.1+x", "_", "étude", "x" * LONGEST])
def test_what_can_name_a_folder(name):
    assert is_name(name)


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".git", "a/b", "../a", "a b", "a\n", "x" * (LONGEST + 1), "é" * LONGEST]
)
def test_what_cannot(name):
    assert not is_name(name)


@pytest.mark.parametrize("words", ["my recipe (2)", "..", "../../outside", ".hidden", "", "é" * 5_000])
def test_any_words_make_a_name(words):
    assert is_name(to_name(words))
    assert is_name(f"{to_name(words)}-1000")
