from __future__ import annotations

import csv
import io
import json
import sys

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def pictures(own_images, here):
    """A picture of each class as PNG files, from the test split."""
    arrays = np.load(own_images)
    for index in range(4):
        Image.fromarray(arrays["test_images"][index, :, :, 0]).save(here / f"[{index}].png")
    return [f"[{index}].png" for index in range(4)]


def test_probabilities_of_all_classes_sum_to_1(kzoo, trained_run, pictures):
    done = kzoo("predict", trained_run, *pictures, "--top", 99, "--json")
    assert done.exit_code == 0, done.stderr
    entries = json.loads(done.stdout)
    assert [entry["image"] for entry in entries] == pictures
    for entry in entries:
        probabilities = [guess["probability"] for guess in entry["predictions"]]
        assert sum(probabilities) == pytest.approx(1, abs=1e-6)
        assert probabilities == sorted(probabilities, reverse=True)
        assert {guess["class"] for guess in entry["predictions"]} == {"ash", "[birch]", "cedar", "dogwood"}


def test_a_picture_of_the_test_split_is_what_evaluate_says_it_is(kzoo, trained_run, pictures):
    """The accuracy on the four is what the confusion matrix of the same model would give them."""
    done = kzoo("predict", trained_run, *pictures, "--checkpoint", "last", "--top", 1, "--json")
    guesses = [entry["predictions"][0]["class"] for entry in json.loads(done.stdout)]
    accuracy = json.loads(kzoo("evaluate", trained_run, "--json").stdout)["accuracy"]
    names = ["ash", "[birch]", "cedar", "dogwood"]
    assert accuracy > 0.5
    assert sum(map(str.__eq__, guesses, names)) >= 2


def test_a_table_names_the_three_likeliest(kzoo, trained_run, pictures):
    done = kzoo("predict", trained_run, pictures[0])
    assert done.exit_code == 0
    assert "[0].png" in done.stdout
    assert len(done.stdout.splitlines()) == 1 + 3


def test_a_larger_photograph_in_colour_is_made_to_fit(kzoo, trained_run, here):
    Image.fromarray(np.full((90, 31, 3), 200, np.uint8)).save(here / "photo.jpg")
    assert kzoo("predict", trained_run, "photo.jpg", "--json").exit_code == 0


@pytest.mark.parametrize("name", ["notes.png", "missing.png", "folder"])
def test_what_is_no_image_is_exit_code_3(kzoo, trained_run, pictures, here, name):
    (here / "notes.png").write_text("no picture")
    (here / "folder").mkdir()
    done = kzoo("predict", trained_run, pictures[0], name)
    assert done.exit_code == 3
    assert name in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_a_wrong_option(kzoo, trained_run, pictures):
    assert kzoo("predict", trained_run, pictures[0], "--top", 0).exit_code == 2
    assert kzoo("predict", trained_run).exit_code == 2
    assert kzoo("predict", "no-run", pictures[0]).exit_code == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--decoding", "beam"], "--decoding, --with and --file are for texts"),
        (["--with", "RUN"], "--decoding, --with and --file are for texts"),
        (["--file", "texts.txt"], "--decoding, --with and --file are for texts"),
        (["--beam", "3"], "--beam goes with --decoding beam"),
    ],
)
def test_what_does_not_go_with_images(kzoo, trained_run, pictures, here, words, said):
    (here / "texts.txt").write_text("abc\n")
    done = kzoo(
        "predict", trained_run, pictures[0], *(trained_run if word == "RUN" else word for word in words)
    )
    assert done.exit_code == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.fixture
def stdin(monkeypatch):
    """`stdin(b"...")` puts these bytes on stdin."""

    def put(content):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="ascii"))

    return put


def read(kzoo, *words):
    done = kzoo("predict", *words, "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def written(answers):
    return [answer["predictions"][0]["text"] for answer in answers]


def test_texts_come_as_arguments_in_a_file_and_on_stdin(kzoo, trained_pair_run, here, stdin):
    texts = ["éb[", "abc", "cab"]
    answers = read(kzoo, trained_pair_run, *texts)
    assert [answer["source"] for answer in answers] == texts
    # Most of it was learned: each letter becomes the one that follows, and [ becomes a.
    assert sum(map(str.__eq__, written(answers), ["[ca", "bcé", "ébc"])) >= 2
    (here / "texts.txt").write_bytes("\ufeffabc\r\n\n  \ncab\n".encode())
    assert read(kzoo, trained_pair_run, "--file", "texts.txt") == answers[1:]
    assert read(kzoo, trained_pair_run, texts[0], "--file", "texts.txt") == answers
    stdin("\n".join(texts).encode())
    assert read(kzoo, trained_pair_run) == answers


def test_lines_that_cannot_be_read_are_left_out_and_named(kzoo, trained_pair_run, here):
    (here / "texts.txt").write_bytes(b"abc\n\ncab\n")
    whole = read(kzoo, trained_pair_run, "--file", "texts.txt")
    edit_data(trained_pair_run, name="spa-eng")  # whose texts are normalised
    (here / "texts.txt").write_bytes(b"abc\n\n123\ncab\n")
    done = kzoo("predict", trained_pair_run, "--file", "texts.txt", "--json")
    assert (done.exit_code, json.loads(done.stdout)) == (0, whole)
    said = "texts.txt, line 3 left out: '123' has no characters that could be read"
    assert done.stderr == f"{said}\n"
    (here / "texts.txt").write_bytes(b"\n123\n")
    done = kzoo("predict", trained_pair_run, "--file", "texts.txt", "--json")
    said = said.replace("line 3", "line 2")
    assert (done.exit_code, done.stderr, done.stdout) == (3, f"kzoo: {said}\n", "")


def edit_data(run, **changes):
    environment = json.loads((run / "environment.json").read_text())
    environment["data"] |= changes
    (run / "environment.json").write_text(json.dumps(environment))


def test_without_stdin_texts_are_asked_for(kzoo, trained_pair_run, monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    done = kzoo("predict", trained_pair_run)
    assert (done.exit_code, done.stderr) == (2, "kzoo: give texts as arguments, with --file, or on stdin\n")


def test_a_long_text_leaves_room_for_the_answer(kzoo, trained_pair_run):
    text = "abc" * 100
    (answer,) = read(kzoo, trained_pair_run, text)
    (guess,) = answer["predictions"]
    lines = kzoo("predict", trained_pair_run, text).stdout.splitlines()
    assert max(map(len, lines)) <= 200
    assert f"{guess['score']:.3f}" in lines[1]
    middle = "".join(line[len(line) - len(line.lstrip()) :] for line in lines[1:])
    assert all(word in middle for word in (text[:40], guess["text"][:20]))


def test_the_predictions_are_those_that_were_kept_of_the_test_set(kzoo, trained_pair_run):
    with (trained_pair_run / "predictions.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    answers = read(kzoo, trained_pair_run, *(row["source"] for row in rows))
    assert written(answers) == [row["prediction"] for row in rows]


def test_a_beam_tells_the_best_first(kzoo, trained_pair_run):
    beam = ["--decoding", "beam", "--beam", 3]
    (answer,) = read(kzoo, trained_pair_run, "bab", *beam, "--top", 3)
    scores = [guess["score"] for guess in answer["predictions"]]
    assert len(scores) == 3
    assert scores == sorted(scores, reverse=True)
    assert len({guess["text"] for guess in answer["predictions"]}) == 3
    (one,) = read(kzoo, trained_pair_run, "bab", *beam)
    assert one["predictions"] == answer["predictions"][:1]
    done = kzoo("predict", trained_pair_run, "bab", *beam, "--top", 3)
    assert len(done.stdout.splitlines()) == 1 + 3
    assert f"{scores[2]:.3f}" in done.stdout


def test_samples_and_several_runs(kzoo, trained_pair_run, other_pair_run):
    words = ["--decoding", "nucleus", "--samples", 4, "--temperature", 3, "--top", 4]
    (answer,) = read(kzoo, trained_pair_run, "bab", *words)
    assert len({guess["text"] for guess in answer["predictions"]}) > 1
    (alone,) = read(kzoo, trained_pair_run, "bab")
    (twice,) = read(kzoo, trained_pair_run, "bab", "--with", trained_pair_run)
    (both,) = read(kzoo, trained_pair_run, "bab", "--with", other_pair_run)
    assert twice["predictions"][0]["text"] == alone["predictions"][0]["text"]
    assert twice["predictions"][0]["score"] == pytest.approx(alone["predictions"][0]["score"], abs=1e-4)
    assert both["predictions"][0]["score"] != pytest.approx(alone["predictions"][0]["score"], abs=1e-2)


def test_what_was_not_in_the_training_data_is_said(kzoo, trained_pair_run):
    strange = "aλ[b] λ\U0001f600"
    done = kzoo("predict", trained_pair_run, strange, "abc")
    assert done.exit_code == 0
    assert done.stderr.splitlines() == [
        f"{strange}: 'λ', ']', ' ', '\U0001f600' not in the training data, read as unknown"
    ]
    assert "[b]" in done.stdout
    answers = read(kzoo, trained_pair_run, strange, "abc")
    assert [answer["unknown"] for answer in answers] == [["λ", "]", " ", "\U0001f600"], []]


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        ([""], 2, "'' has no characters that could be read"),
        (["abc", " "], 2, "' ' has no characters"),
        (["a\udcff"], 2, "is not UTF-8 text"),
        (["--file", "none.txt"], 3, "none.txt"),
        (["--file", "latin.txt"], 3, "latin.txt is not UTF-8 text"),
        (["--file", "blank.txt"], 3, "there is no text in blank.txt"),
        ([], 3, "there is no text in stdin"),
        (["abc", "--beam", "3"], 2, "--beam goes with --decoding beam, not greedy"),
        (["abc", "--decoding", "nucleus", "--top-p", "2"], 2, "top_p must lie in (0, 1], not 2.0"),
        (["abc", "--decoding", "beam", "--length-penalty", "nan"], 2, "a length penalty must be a number"),
        (["abc", "--with", "none"], 2, "none is not a run folder"),
    ],
)
def test_what_cannot_be_read_is_one_line(kzoo, trained_pair_run, here, stdin, words, exit_code, said):
    (here / "latin.txt").write_bytes("abc\né".encode("latin-1"))
    (here / "blank.txt").write_text("\n \n")
    stdin(b"")
    done = kzoo("predict", trained_pair_run, *words)
    assert done.exit_code == exit_code
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_stdin_that_is_not_utf8_is_one_line(kzoo, trained_pair_run, stdin):
    stdin(b"abc\n\xff\n")
    done = kzoo("predict", trained_pair_run)
    assert done.exit_code == 3
    assert done.stderr == "kzoo: stdin is not UTF-8 text\n"


def test_more_tokens_to_draw_from_than_there_are(kzoo, trained_pair_run):
    nucleus = [trained_pair_run, "abc", "--decoding", "nucleus", "--top-k"]
    assert read(kzoo, *nucleus, 1000) == read(kzoo, *nucleus, 9)
