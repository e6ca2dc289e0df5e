from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

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
    title, _, first, *others = done.stdout.splitlines()
    assert title == f"{trained_run.name}, last model (epoch 3)"
    assert "[0].png" in first
    assert len(others) == 2


def test_evaluate_and_predict_take_the_same_model(kzoo, trained_run, pictures):
    """The tested one, although another epoch is the best on the validation set."""
    answers = json.loads(kzoo("predict", trained_run, *pictures, "--json").stdout)
    last = json.loads(kzoo("predict", trained_run, *pictures, "--checkpoint", "last", "--json").stdout)
    best = json.loads(kzoo("predict", trained_run, *pictures, "--checkpoint", "best", "--json").stdout)
    assert answers == last != best
    assert json.loads(kzoo("evaluate", trained_run, "--json").stdout)["checkpoint"] == "last"


def test_a_larger_photograph_in_colour_is_made_to_fit(kzoo, trained_run, here):
    Image.fromarray(np.full((90, 31, 3), 200, np.uint8)).save(here / "photo.jpg")
    assert kzoo("predict", trained_run, "photo.jpg", "--json").exit_code == 0


@pytest.mark.parametrize("name", ["notes.png", "missing.png", "folder"])
def test_what_is_no_image_is_exit_code_3(kzoo, trained_run, pictures, here, name):
    (here / "notes.png").write_text("no picture")
    (here / "folder").mkdir()
    done = kzoo("predict", trained_run, name)
    assert (done.exit_code, done.stdout) == (3, "")
    assert name in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_bad_file_loses_no_good_one(kzoo, trained_run, pictures, here):
    (here / "notes.png").write_text("no picture")
    good = json.loads(kzoo("predict", trained_run, *pictures[:2], "--json").stdout)
    done = kzoo("predict", trained_run, pictures[0], "notes.png", pictures[1], "missing.png", "--json")
    assert done.exit_code == 3
    first, spoilt, second, missing = json.loads(done.stdout)
    assert [first, second] == good
    assert (spoilt["image"], spoilt["predictions"]) == ("notes.png", [])
    assert missing["error"] == "missing.png does not exist"
    assert done.stderr.splitlines() == [spoilt["error"], missing["error"]]
    plain = kzoo("predict", trained_run, pictures[0], "notes.png", pictures[1], "--plain")
    assert plain.exit_code == 3
    assert plain.stdout.splitlines() == [
        good[0]["predictions"][0]["class"],
        "",
        good[1]["predictions"][0]["class"],
    ]


def test_a_folder_and_a_pattern_stand_for_their_files(kzoo, trained_run, pictures, here):
    (here / "photos").mkdir()
    for name in pictures:
        (here / name).rename(here / "photos" / name)
    (here / "photos" / "notes.txt").write_text("no picture")
    expected = [str(Path("photos") / name) for name in pictures]
    for words in (["photos"], ["photos/*.png"], [str(here / "photos" / "*.png")]):
        done = kzoo("predict", trained_run, *words, "--json")
        assert done.exit_code == 0, done.stderr
        found = [Path(entry["image"]).name for entry in json.loads(done.stdout)]
        assert found == [Path(path).name for path in expected]
    for word in ("photos/*.jpg", "empty"):
        (here / "empty").mkdir(exist_ok=True)
        done = kzoo("predict", trained_run, word)
        assert (done.exit_code, done.stderr) == (3, f"kzoo: {word} has no image files\n")


def test_a_csv_has_a_row_for_each_answer(kzoo, trained_run, pictures, here):
    (here / "notes.png").write_text("no picture")
    done = kzoo("predict", trained_run, pictures[0], "notes.png", "--top", 2, "--csv", "out.csv", "--json")
    first, spoilt = json.loads(done.stdout)
    with (here / "out.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["image"] for row in rows] == [pictures[0], pictures[0], "notes.png"]
    assert [row["class"] for row in rows[:2]] == [guess["class"] for guess in first["predictions"]]
    assert [float(row["probability"]) for row in rows[:2]] == [g["probability"] for g in first["predictions"]]
    assert [row["rank"] for row in rows] == ["1", "2", ""]
    assert rows[2]["error"] == spoilt["error"]


def test_two_ways_of_printing_are_too_many(kzoo, trained_run, pictures):
    done = kzoo("predict", trained_run, pictures[0], "--plain", "--json")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "choose one" in done.stderr


def test_a_wrong_option(kzoo, trained_run, pictures):
    assert kzoo("predict", trained_run, pictures[0], "--top", 0).exit_code == 2
    assert kzoo("predict", trained_run).exit_code == 2
    assert kzoo("predict", "no-run", pictures[0]).exit_code == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--decoding", "beam"], "--decoding and --with are for sequences"),
        (["--with", "RUN"], "--decoding and --with are for sequences"),
        (["--file", "texts.txt"], "--file is for texts; name image files as arguments"),
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
    gap = {"source": "", "unknown": [], "predictions": []}
    assert read(kzoo, trained_pair_run, "--file", "texts.txt") == [answers[1], gap, gap, answers[2]]
    assert read(kzoo, trained_pair_run, texts[0], "--file", "texts.txt") == [
        *answers[:2],
        gap,
        gap,
        answers[2],
    ]
    plain = kzoo("predict", trained_pair_run, "--file", "texts.txt", "--plain")
    assert plain.stdout.splitlines() == [written(answers)[1], "", "", written(answers)[2]]
    stdin("\n".join(texts).encode())
    assert read(kzoo, trained_pair_run) == answers


def test_lines_that_cannot_be_read_are_named_and_keep_their_place(kzoo, trained_pair_run, here):
    (here / "texts.txt").write_bytes(b"abc\ncab\n")
    whole = read(kzoo, trained_pair_run, "--file", "texts.txt")
    edit_data(trained_pair_run, name="spa-eng")  # whose texts are normalised
    (here / "texts.txt").write_bytes(b"abc\n\n123\ncab\n")
    done = kzoo("predict", trained_pair_run, "--file", "texts.txt", "--json")
    first, gap, spoilt, last = json.loads(done.stdout)
    assert (done.exit_code, [first, last]) == (3, whole)
    assert gap["predictions"] == spoilt["predictions"] == []
    said = "texts.txt, line 3 has no answer: '123' has no characters that could be read"
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
    assert f"{guess['score']:.4f}" in lines[2]
    middle = "".join(line[len(line) - len(line.lstrip()) :] for line in lines[2:])
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
    assert len(done.stdout.splitlines()) == 2 + 3
    assert f"{scores[2]:.4f}" in done.stdout


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
        ([" ", "  "], 2, "' ' has no characters"),
        (["a\udcff"], 2, "is not UTF-8 text"),
        (["--file", "none.txt"], 3, "none.txt"),
        (["--file", "latin.txt"], 3, "latin.txt is not UTF-8 text"),
        (["--file", "blank.txt"], 3, "there is no text in blank.txt"),
        ([], 3, "there is no text in stdin"),
        (["abc", "--beam", "3"], 2, "--beam goes with --decoding beam, not greedy"),
        (["abc", "--decoding", "nucleus", "--top-p", "2"], 2, "top_p must lie in (0, 1], not 2.0"),
        (["abc", "--decoding", "beam", "--length-penalty", "nan"], 2, "a length penalty must be a number"),
        (["abc", "--decoding", "beam", "--beam", "1000000"], 2, "a beam must be 1 to 1,000, not 1,000,000"),
        (["abc", "--decoding", "nucleus", "--samples", "1001"], 2, "samples must be 1 to 1,000, not 1,001"),
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
