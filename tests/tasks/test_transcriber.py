"""Texts through models with random weights: what is read, and what is told of it."""

from __future__ import annotations

import numpy as np
import pytest

from kzoo.data.vocabulary import EOS, SOS
from kzoo.decoding import Limits
from kzoo.errors import UsageError
from kzoo.tasks import translator
from kzoo.tasks.transcriber import END, Transcriber
from kzoo.tasks.translator import Decoding


@pytest.fixture
def transcriber(experiment, untrained_run, word_set):
    """`transcriber(kinds=..., name=..., model__attention=...)`"""

    def build(kinds=("characters", "characters"), name="words", **overrides):
        return Transcriber([untrained_run(experiment(word_set(name, kinds), **overrides))])

    return build


def test_a_text_is_read_as_its_set_was(transcriber):
    assert transcriber().tokens("  Añ b ") == ("A", "ñ", " ", "b")
    assert transcriber(name="spa-eng").tokens("¿Añ b?") == tuple(" an b ?")
    assert transcriber(kinds=("spaces", "characters")).tokens(" AH0  B ") == ("AH0", "B")


@pytest.mark.parametrize("text", ["", "  ", "a\udcffb"])
def test_a_text_that_cannot_be_read(transcriber, text):
    with pytest.raises(UsageError) as raised:
        transcriber().tokens(text)
    assert repr(text) in str(raised.value)


def test_what_the_training_data_did_not_have_is_told(transcriber):
    first, second = transcriber().transcribe(["aqbzq", "cab"], Decoding(), 1)
    assert (first["source"], first["unknown"]) == ("aqbzq", ["q", "z"])
    assert (second["source"], second["unknown"]) == ("cab", [])


def test_the_best_come_first_and_no_more_than_there_are(transcriber):
    reader = transcriber()
    (five,) = reader.transcribe(["abc"], Decoding("beam", beam=5), 9)
    (two,) = reader.transcribe(["abc"], Decoding("beam", beam=5), 2)
    (greedy,) = reader.transcribe(["abc"], Decoding(), 9)
    scores = [answer["score"] for answer in five["predictions"]]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 5
    assert two["predictions"] == five["predictions"][:2]
    assert len(greedy["predictions"]) == 1


def test_a_beam_wider_than_all_there_is_tells_only_sequences(transcriber, monkeypatch):
    monkeypatch.setattr(translator, "LIMITS", Limits(SOS, EOS, 1))
    (answer,) = transcriber().transcribe(["abc"], Decoding("beam", beam=7), 99)
    # All tokens but padding; start and end are no text, and there are seven tokens.
    assert len(answer["predictions"]) == 6
    assert sum(np.exp(guess["score"]) for guess in answer["predictions"]) < 1


def test_phones_are_told_with_spaces_between_them(transcriber):
    (answer,) = transcriber(kinds=("characters", "spaces")).transcribe(["abc"], Decoding(), 1)
    written = answer["predictions"][0]["text"]
    assert written.count(" ") == len(written.split()) - 1


@pytest.mark.parametrize("attention", ["bilinear", "bahdanau", "dot", "linear"])
def test_every_attention_shows_what_it_read(transcriber, attention):
    source, written, weights = transcriber(model__attention=attention).attention("cabq")
    assert source == ("c", "a", "b", "q")
    assert written[-1] == END
    assert weights.shape == (len(written), 4)
    assert weights.dtype == np.float32
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-5)
    assert (weights >= 0).all()


def test_a_model_without_attention_has_none_to_show(transcriber):
    with pytest.raises(UsageError, match="has no attention"):
        transcriber(model__attention="none").attention("cab")
