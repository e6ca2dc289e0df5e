"""Texts through models with random weights: what is read, and what is told of it."""

from __future__ import annotations

import numpy as np
import pytest

from kzoo.decoding import Limits
from kzoo.decoding.options import Decoding
from kzoo.errors import UsageError
from kzoo.symbols import EOS, SOS
from kzoo.tasks import pairs, predictor, text_predictor
from kzoo.tasks.pairs import LONGEST
from kzoo.tasks.sequences import END
from kzoo.tasks.text_predictor import TextPredictor


@pytest.fixture
def author(experiment, untrained_run, word_set):
    """`author(kinds=..., name=..., model__attention=...)`"""

    def build(kinds=("characters", "characters"), name="words", **overrides):
        return TextPredictor([untrained_run(experiment(word_set(name, kinds), **overrides))])

    return build


def test_a_text_is_read_as_its_set_was(author):
    assert author().read("  Añ b ") == ("A", "ñ", " ", "b")
    assert author(name="spa-eng").read("¿Añ b?") == tuple("an b ?")
    assert author(kinds=("spaces", "characters")).read(" AH0  B ") == ("AH0", "B")


@pytest.mark.parametrize("text", ["", "  ", "a\udcffb"])
def test_a_text_that_cannot_be_read(author, text):
    with pytest.raises(UsageError) as raised:
        author().read(text)
    assert repr(text) in str(raised.value)


def test_what_the_training_data_did_not_have_is_told(author):
    first, second = author().predict(["aqbzq", "cab"])
    assert (first.source, first.unknown) == ("aqbzq", ("q", "z"))
    assert (second.source, second.unknown) == ("cab", ())


def test_what_cannot_be_read_has_an_error_and_gaps_stay(author):
    reader = author(name="spa-eng")
    good, gap, bad, last = reader.predict(["abc", None, "123", "cab"])
    assert [len(each.answers) for each in (good, gap, bad, last)] == [1, 0, 0, 1]
    assert (gap.source, gap.error) == ("", None)
    assert str(bad.error) == "'123' has no characters that could be read"
    assert reader.to_json(bad)["error"] == str(bad.error)
    assert "error" not in reader.to_json(gap)
    (alone,) = reader.predict(["cab"])
    assert alone == last


def test_many_inputs_are_answered_as_each_alone(author, monkeypatch):
    reader, words = author(), ["abc", None, "ca", "b", "a\udcff", "cab", "bb"]
    together = list(reader.predict(words, top=2))
    monkeypatch.setattr(predictor, "CHUNK", 2)
    for one, other in zip(reader.predict(words, top=2), together, strict=True):
        assert (one.source, one.answers, str(one.error)) == (other.source, other.answers, str(other.error))


def test_the_best_come_first_and_no_more_than_there_are(author):
    reader = author()
    (five,) = reader.predict(["abc"], Decoding("beam", beam=5), 9)
    (two,) = reader.predict(["abc"], Decoding("beam", beam=5), 2)
    (greedy,) = reader.predict(["abc"], None, 9)
    scores = [answer.score for answer in five.answers]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 5
    assert two.answers == five.answers[:2]
    assert len(greedy.answers) == 1


def test_a_beam_wider_than_all_there_is_tells_only_sequences(author, monkeypatch):
    monkeypatch.setattr(text_predictor, "limits", lambda longest: Limits(SOS, EOS, 1))
    (found,) = author().predict(["abc"], Decoding("beam", beam=7), 99)
    # All tokens but padding; start and end are no text, and there are seven tokens.
    assert len(found.answers) == 6
    assert sum(np.exp(answer.score) for answer in found.answers) < 1


def test_phones_are_told_with_spaces_between_them(author):
    (found,) = author(kinds=("characters", "spaces")).predict(["abc"])
    written = found.answers[0].text
    assert written.count(" ") == len(written.split()) - 1


@pytest.mark.parametrize("attention", ["bilinear", "bahdanau", "dot", "linear"])
def test_every_attention_shows_what_it_read(author, attention):
    reader = author(model__attention=attention)
    (found,) = reader.predict(["cabq"])
    found_attention = reader.attention("cabq")
    written, weights = found_attention.target, found_attention.weights
    assert found_attention.source == tuple("cabq")
    assert "".join(written).removesuffix(END) == found.answers[0].text
    assert (written[-1] == END) == (len(written) < LONGEST)  # the end is shown only if it was reached
    assert weights.shape == (len(written), 4)
    assert weights.dtype == np.float32
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-5)
    assert (weights >= 0).all()


def test_a_model_without_attention_has_none_to_show(author):
    reader = author(model__attention="none")
    with pytest.raises(UsageError, match="has no attention"):
        reader.attention("cab")


@pytest.mark.parametrize("longest", [50, 3])
def test_a_run_draws_what_its_first_test_source_is_written_from(
    experiment, untrained_run, word_set, monkeypatch, longest
):
    for module in (text_predictor, pairs):
        monkeypatch.setattr(module, "limits", lambda _: Limits(SOS, EOS, longest))
    trained = experiment(word_set("words", ("characters", "characters")))
    run = untrained_run(trained)
    reader = TextPredictor([run])
    source = trained.data.test.sources[0]
    attention = reader.attention("".join(source))
    written, weights = attention.target, attention.weights
    prediction = written[:-1] if written[-1] == END else written
    figure = trained.draw_attention(run, reader.models[0], prediction)
    figure.draw_without_rendering()
    axes = figure.axes[0]
    np.testing.assert_allclose(axes.images[0].get_array(), weights, atol=1e-6)
    assert [label.get_text() for label in axes.get_xticklabels()] == list(source)
    assert [label.get_text() for label in axes.get_yticklabels()] == list(written)
