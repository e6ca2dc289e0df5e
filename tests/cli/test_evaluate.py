from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from kzoo.cli import output
from kzoo.cli.evaluate import _print_classes
from kzoo.recipe import load_recipe


def test_the_last_model_has_the_figures_that_its_training_told(kzoo, trained_run):
    told = json.loads((trained_run / "metrics.json").read_text())
    figures = json.loads(kzoo("evaluate", trained_run, "--json").stdout)
    assert {key: figures[key] for key in told["test"]} == told["test"]
    assert figures["data"] == told["data"]
    assert (figures["checkpoint"], figures["split"]) == ("last", "test")


def test_the_best_model_has_the_best_validation_accuracy(kzoo, trained_run):
    told = json.loads((trained_run / "metrics.json").read_text())
    done = kzoo("evaluate", trained_run, "--checkpoint", "best", "--split", "validation", "--json")
    assert json.loads(done.stdout)["accuracy"] == told["best_validation_accuracy"]


@pytest.mark.parametrize(("split", "count"), [("train", 60), ("validation", 20), ("test", 20)])
def test_the_figures_of_a_split_hang_together(kzoo, trained_run, split, count):
    figures = json.loads(kzoo("evaluate", trained_run, "--split", split, "--json").stdout)
    matrix = np.array(figures["confusion_matrix"])
    assert figures["count"] == matrix.sum() == count
    assert figures["accuracy"] == matrix.trace() / count
    assert [row["support"] for row in figures["classes"]] == matrix.sum(axis=1).tolist() == [count // 4] * 4


def test_a_table_otherwise(kzoo, trained_run):
    done = kzoo("evaluate", trained_run)
    assert done.exit_code == 0
    for name in ("ash", "[birch]", "cedar", "dogwood", "precision", "confusion matrix"):
        assert name in done.stdout
    (heads,) = (line.split() for line in done.stdout.splitlines() if line.split()[:2] == ["ash", "[birch]"])
    assert heads == ["ash", "[birch]", "cedar", "dogwood"]


GARMENTS = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"]
GARMENTS += ["Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]


@pytest.fixture
def print_classes(monkeypatch, capsys):
    """`print_classes(names, matrix)` gives the lines after the title of the matrix in 80 columns."""
    monkeypatch.setattr(output, "PIPE_WIDTH", 80)

    def show(names, matrix):
        scores = {"precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 10}
        figures = {"data": {"name": "own", "stand_in": False}, "checkpoint": "last", "split": "test"}
        figures |= {"accuracy": 0.5, "loss": 1.0, "count": 10, "confusion_matrix": matrix.tolist()}
        _print_classes({**figures, "classes": [{"name": name, **scores} for name in names]})
        lines = capsys.readouterr().out.splitlines()
        assert max(map(len, lines)) <= 80
        start = next(place for place, line in enumerate(lines) if "confusion" in line)
        return [re.split(r"\s{2,}", line.strip()) for line in lines[start + 1 :]]

    return show


def count_confusions(classes: int, most: int) -> np.ndarray:
    counts = np.random.default_rng(3).integers(0, most // 2, (classes, classes + 1))
    counts[:, :classes] += np.diag([most] * classes)
    counts[:, classes] = 0
    return counts


def test_ten_classes_are_named_on_both_sides_of_their_matrix(print_classes):
    matrix = count_confusions(10, 700)
    heads, *rows = print_classes(GARMENTS, matrix)
    assert heads == ["T-sh", "Trou", "Pull", "Dres", "Coat", "Sand", "Shir", "Snea", "Bag", "Ankl"]
    assert [row[0] for row in rows] == GARMENTS
    assert [list(map(int, row[1:])) for row in rows] == matrix[:, :-1].tolist()


def test_two_classes_have_their_whole_names_and_what_is_neither_a_column(print_classes):
    heads, *rows = print_classes(["tom cat", "dog"], np.array([[7, 1, 0], [2, 9, 3]]))
    assert heads == ["tom cat", "dog", "none"]
    assert rows == [["tom cat", "7", "1", "0"], ["dog", "2", "9", "3"]]


def test_classes_that_begin_alike_are_numbered(print_classes):
    names = [f"species {number}" for number in range(12)]
    heads, first, *_ = print_classes(names, count_confusions(12, 70))
    assert heads == [str(number) for number in range(12)]
    assert first[0] == "0 species 0"


def test_of_many_classes_the_most_frequent_confusions_are_listed(print_classes):
    matrix = count_confusions(26, 700)
    matrix[3, 5], matrix[7, 1] = 800, 900
    _, first, second, *others = print_classes([chr(65 + place) for place in range(26)], matrix)
    assert first == ["H", "B", "900", f"{900 / matrix[7].sum():.4f}"]
    assert second[:3] == ["D", "F", "800"]
    assert len(others) == 18


@pytest.mark.usefixtures("here")
def test_what_cannot_be_evaluated(kzoo, trained_run, tmp_path):
    (trained_run / "best.keras").unlink()
    done = kzoo("evaluate", trained_run, "--checkpoint", "best")
    assert done.exit_code == 2
    assert f"{trained_run / 'best.keras'} is not there" in done.stderr
    done = kzoo("evaluate", tmp_path)
    assert done.exit_code == 2
    assert "is not a run folder" in done.stderr
    assert kzoo("evaluate", trained_run, "--split", "exam").exit_code == 2


def test_other_data_than_those_of_the_run(kzoo, trained_run, write_image_set, own_images, tmp_path):
    recipe = trained_run / "recipe.yaml"
    other = write_image_set(tmp_path / "other.npz", 28, 1, (64, 20, 20))
    recipe.write_text(recipe.read_text().replace(str(own_images), str(other)))
    done = kzoo("evaluate", trained_run)
    assert done.exit_code == 3
    assert "--data-dir" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("place", [0.0, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("fault", ["cut", "zeros"])
def test_a_damaged_model(kzoo, trained_run, place, fault):
    model = trained_run / "last.keras"
    whole = model.read_bytes()
    start = int(place * len(whole))
    model.write_bytes(whole[:start] + (b"" if fault == "cut" else bytes(300) + whole[start + 300 :]))
    done = kzoo("evaluate", trained_run)
    assert done.exit_code == 3
    assert done.stderr.startswith(f"kzoo: {model} is damaged")
    assert len(done.stderr.splitlines()) == 1


def measure(kzoo, run, *words):
    done = kzoo("evaluate", run, *words, "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def test_the_tested_model_of_pairs_has_the_figures_that_its_training_told(
    kzoo, trained_pair_run, other_pair_run
):
    for run, checkpoint in ((trained_pair_run, "last"), (other_pair_run, "best")):
        told = json.loads((run / "metrics.json").read_text())
        figures = measure(kzoo, run)
        assert {key: figures[key] for key in told["test"]} == told["test"]
        assert figures["data"] == told["data"]
        assert (figures["checkpoint"], figures["split"]) == (checkpoint, "test")
        assert figures["decoding"] == {"method": "greedy"}
        assert figures == measure(kzoo, run, "--checkpoint", checkpoint)


def test_the_last_model_on_the_validation_set_has_the_last_row_of_the_history(kzoo, trained_pair_run):
    row = np.genfromtxt(trained_pair_run / "history.csv", delimiter=",", names=True)[-1]
    figures = measure(kzoo, trained_pair_run, "--split", "validation")
    for name in ("error_rate", "character_error_rate", "word_error_rate"):
        assert figures[name] == row[f"validation_{name}"]


def test_pairs_are_decoded_as_one_likes(kzoo, trained_pair_run):
    train = measure(kzoo, trained_pair_run, "--split", "train")
    assert train["count"] == 144
    assert 0 < train["error_rate"] < 0.5
    low, high = train["intervals"]["error_rate"]
    assert low < train["error_rate"] < high

    words = ["--decoding", "beam", "--beam", 3, "--length-penalty", 0.5]
    beam = measure(kzoo, trained_pair_run, *words)
    assert beam["decoding"] == {"method": "beam", "beam": 3, "length_penalty": 0.5}
    assert beam["word_error_rate_at_3"] <= beam["word_error_rate"] == 1 - beam["exact_match"]

    words = ["--decoding", "nucleus", "--samples", 3, "--temperature", 2, "--top-p", 0.95]
    nucleus = measure(kzoo, trained_pair_run, *words)
    assert nucleus["decoding"] == {
        "method": "nucleus",
        "top_p": 0.95,
        "temperature": 2.0,
        "samples": 3,
        "seed": 42,
    }
    assert nucleus["word_error_rate_at_3"] < nucleus["word_error_rate"]
    assert nucleus == measure(kzoo, trained_pair_run, *words, "--seed", 42)
    assert nucleus["error_rate"] != measure(kzoo, trained_pair_run, *words, "--seed", 7)["error_rate"]


def test_several_runs_on_pairs_are_decoded_together(kzoo, trained_pair_run, other_pair_run):
    alone = measure(kzoo, trained_pair_run)
    twice = measure(kzoo, trained_pair_run, "--with", trained_pair_run)
    assert twice["runs"] == 2 * alone["runs"]
    assert {**twice, **{key: alone[key] for key in ("runs", "epochs", "loss")}} == alone
    both = measure(kzoo, trained_pair_run, "--with", other_pair_run)
    assert both["runs"] == [str(trained_pair_run), str(other_pair_run)]
    assert both["error_rate"] != alone["error_rate"]


def test_a_table_of_error_rates_otherwise(kzoo, trained_pair_run):
    done = kzoo("evaluate", trained_pair_run, "--decoding", "beam", "--beam", 2)
    assert done.exit_code == 0
    told = " ".join(done.stdout.split())
    assert told.startswith("last model (epoch 4) on words.tsv test, 18 pairs, beam, beam 2, length penalty 0")
    for words in ("measured 95 % interval", "character error rate (CER)", "word error rate (WER) @2"):
        assert words in told


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["PAIRS", "--beam", "3"], "--beam goes with --decoding beam, not greedy"),
        (
            ["PAIRS", "--decoding", "beam", "--samples", "3"],
            "--samples goes with --decoding nucleus, not beam",
        ),
        (["PAIRS", "--decoding", "nucleus", "--top-p", "0"], "top_p must lie in (0, 1], not 0.0"),
        (["PAIRS", "--decoding", "nucleus", "--temperature", "0"], "a temperature must be positive"),
        (["PAIRS", "--with", "no-run"], "no-run is not a run folder"),
        (["IMAGES", "--decoding", "beam"], "--decoding and --with are for sequences"),
        (["IMAGES", "--with", "IMAGES"], "--decoding and --with are for sequences"),
        (["IMAGES", "--top-k", "3"], "--top-k goes with --decoding nucleus"),
    ],
)
def test_what_does_not_go_with_a_run(kzoo, trained_run, trained_pair_run, words, said):
    runs = {"PAIRS": trained_pair_run, "IMAGES": trained_run}
    done = kzoo("evaluate", *(runs.get(word, word) for word in words))
    assert done.exit_code == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_runs_that_do_not_go_together(kzoo, trained_run, trained_pair_run, other_pair_run):
    vocabulary = other_pair_run / "target-vocabulary.json"
    vocabulary.write_text(vocabulary.read_text().replace('"b"', '"x"'))
    done = kzoo("evaluate", trained_pair_run, "--with", other_pair_run)
    assert done.exit_code == 2
    assert f"{other_pair_run} and {trained_pair_run} have different vocabularies" in done.stderr
    done = kzoo("evaluate", trained_pair_run, "--with", trained_run)
    assert done.exit_code == 2
    said = f"--with is for runs of sequence transduction; {trained_run} is a run of image classification"
    assert done.stderr == f"kzoo: {said}\n"


@pytest.mark.parametrize(
    ("changes", "fraction", "exit_code"),
    [
        ({"sha256": "another"}, None, 2),
        ({"sha256": "another"}, 0.5, 0),
        ({"sha256": "another", "name": "other"}, 0.5, 2),
        ({"sha256": "another", "sizes": {"train": 9, "validation": 18, "test": 19}}, 0.5, 2),
    ],
)
def test_what_one_run_is_tested_on_another_may_not_have_seen(
    kzoo, trained_pair_run, other_pair_run, changes, fraction, exit_code
):
    environment = json.loads((other_pair_run / "environment.json").read_text())
    environment["data"] |= changes
    (other_pair_run / "environment.json").write_text(json.dumps(environment))
    if fraction:
        recipe = load_recipe(str(other_pair_run / "recipe.yaml"), {"data.fraction": fraction})
        (other_pair_run / "recipe.yaml").write_text(recipe.to_yaml())
    done = kzoo("evaluate", trained_pair_run, "--with", other_pair_run)
    assert done.exit_code == exit_code
    if exit_code:
        assert f"{other_pair_run} and {trained_pair_run} were trained on different data" in done.stderr
        assert kzoo("predict", trained_pair_run, "ab", "--with", other_pair_run).exit_code == 0


@pytest.mark.parametrize("content", ["", '{"data": '])
def test_a_damaged_file_of_a_run(kzoo, trained_pair_run, content):
    (trained_pair_run / "environment.json").write_text(content)
    done = kzoo("evaluate", trained_pair_run)
    assert done.exit_code == 3
    assert "environment.json cannot be read, it may be damaged or cut off" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_other_pairs_than_those_of_the_run(kzoo, trained_pair_run, own_pairs, tmp_path):
    other = tmp_path / "other.tsv"
    other.write_bytes(own_pairs.read_bytes().replace(b"\n", b"a\n", 1))
    recipe = trained_pair_run / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace(str(own_pairs), str(other)))
    done = kzoo("evaluate", trained_pair_run)
    assert done.exit_code == 3
    assert "is not what" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_captions_are_decoded_as_one_likes(kzoo, whole_caption_run, other_caption_run):
    greedy = measure(kzoo, whole_caption_run)
    told = json.loads((whole_caption_run / "metrics.json").read_text())
    assert {key: greedy[key] for key in told["test"]} == told["test"]
    assert greedy["data"] == told["data"]
    assert (greedy["checkpoint"], greedy["split"]) == ("last", "test")
    assert greedy["decoding"] == {"method": "greedy"}

    nucleus = ["--decoding", "nucleus", "--temperature", 2, "--seed"]
    first, second = (measure(kzoo, whole_caption_run, *nucleus, seed) for seed in (1, 2))
    assert first["bleu_1"] != second["bleu_1"]
    assert first["loss"] == greedy["loss"]  # that of the true words, however others are found

    both = measure(kzoo, whole_caption_run, "--with", other_caption_run)
    assert both["runs"] == [str(whole_caption_run), str(other_caption_run)]
    assert "loss" not in both
    assert both.keys() >= greedy.keys() - {"loss"}


def test_a_table_of_bleu_otherwise(kzoo, whole_caption_run):
    done = kzoo("evaluate", whole_caption_run, "--decoding", "beam", "--beam", 2)
    assert done.exit_code == 0
    told = " ".join(done.stdout.split())
    assert told.startswith("last model on halves test, 4 captioned images, beam, beam 2, length penalty 0.0")
    for words in ("measured 95 % interval", "bleu 4", "corpus bleu 4"):
        assert words in told


def test_the_tested_recogniser_has_the_figures_that_its_training_told(kzoo, whole_speech_run):
    told = json.loads((whole_speech_run / "metrics.json").read_text())
    greedy = measure(kzoo, whole_speech_run)
    assert {key: greedy[key] for key in told["test"]} == told["test"]
    assert greedy["data"] == told["data"]
    beam = measure(kzoo, whole_speech_run, "--decoding", "beam", "--beam", 2)
    assert beam["decoding"] == {"method": "beam", "beam": 2, "length_penalty": 0.0}
    assert (beam["count"], beam["loss"]) == (4, greedy["loss"])


def test_runs_of_other_words_or_other_data(
    kzoo, trained_caption_run, whole_speech_run, own_captions, tmp_path
):
    done = kzoo("evaluate", trained_caption_run, "--with", whole_speech_run)
    assert done.exit_code == 2
    assert f"{whole_speech_run} is a run of speech recognition" in done.stderr
    other = Path(shutil.copytree(own_captions, tmp_path / "other"))
    shutil.copy(other / "images" / "[1].png", other / "images" / "[2].png")
    recipe = trained_caption_run / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace(str(own_captions), str(other)))
    done = kzoo("evaluate", trained_caption_run, "--data-dir", other)
    assert done.exit_code == 3
    assert "is not what" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("family", "module", "extra"),
    [
        ("caption", "sacrebleu", "captions"),
        ("speech", "rapidfuzz", "speech"),
        ("speech", "soundfile", "speech"),
    ],
)
def test_a_missing_extra_is_named(kzoo, request, monkeypatch, family, module, extra):
    run = request.getfixturevalue(f"whole_{family}_run")
    monkeypatch.setitem(sys.modules, module, None)
    done = kzoo("evaluate", run)
    assert done.exit_code == 4
    assert done.stderr.endswith(f"needs {module}: pip install 'kzoo[{extra}]'\n")
    assert len(done.stderr.splitlines()) == 1
