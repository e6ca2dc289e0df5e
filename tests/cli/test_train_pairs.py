"""Training on pairs of sequences: what a run says, what it keeps, and what is refused."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from run_files import RUN_FILES, metrics_of

from kzoo.data.vocabulary import Vocabulary
from kzoo.recipe import load_recipe

FILES = RUN_FILES | {"attention.png", "predictions.tsv", "source-vocabulary.json", "target-vocabulary.json"}
FIGURES = ("error_rate", "character_error_rate", "word_error_rate")


def test_a_run_keeps_its_vocabularies_and_predictions(trained_pair_run):
    assert {path.name for path in trained_pair_run.iterdir()} == FILES
    for side in ("source", "target"):
        assert Vocabulary.load(trained_pair_run / f"{side}-vocabulary.json").tokens == tuple("[abcé")
    with (trained_pair_run / "predictions.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert len(rows) == 18
    following = str.maketrans("abcé[", "bcé[a")
    assert all(row["source"].translate(following) == row["target"] for row in rows)
    wrong = np.mean([row["prediction"] != row["target"] for row in rows])
    assert metrics_of(trained_pair_run)["test_word_error_rate"] == wrong


def test_the_figures_of_note_are_those_of_the_history_and_the_test(trained_pair_run):
    metrics = metrics_of(trained_pair_run)
    rows = np.genfromtxt(trained_pair_run / "history.csv", delimiter=",", names=True)
    assert rows["epoch"].tolist() == [1, 2, 3, 4]
    for name in FIGURES:
        assert metrics[f"validation_{name}"] == rows[f"validation_{name}"][-1]
        assert metrics[f"test_{name}"] == metrics["test"][name]
    rates = rows["validation_character_error_rate"]
    assert metrics["best_validation_character_error_rate"] == rates.min()
    assert metrics["best_epoch"] == 1 + rates.argmin()
    assert metrics["test"]["count"] == 18
    assert not [key for key in metrics["test"] if "_at_" in key]
    assert metrics["test_error_rate"] < 0.6  # something was learned
    assert metrics["data"]["sizes"] == {"train": 144, "validation": 18, "test": 18}


def test_the_best_epoch_is_tested_where_the_recipe_says_so(kzoo, other_pair_run):
    metrics = metrics_of(other_pair_run)
    assert metrics["tested_epoch"] == metrics["best_epoch"] == 1 < metrics["epochs"]
    figures = {
        name: json.loads(kzoo("evaluate", other_pair_run, "--checkpoint", name, "--json").stdout)
        for name in ("best", "last")
    }
    assert metrics["test_error_rate"] == figures["best"]["error_rate"] != figures["last"]["error_rate"]


def test_the_sizes_of_the_vocabularies_are_those_of_the_data(trained_pair_run):
    options = load_recipe(str(trained_pair_run / "recipe.yaml")).model.options
    assert (options["source_vocabulary"], options["target_vocabulary"]) == (9, 9)


def test_rows_that_were_left_out_are_named(kzoo, small_pair_training, own_pairs, trained_pair_run):
    lines = [
        f"1 row left out, empty: {own_pairs} line 181",
        f"1 row left out, longer than 100 tokens: {own_pairs} line 182",
        f"1 row left out, not UTF-8: {own_pairs} line 183",
    ]
    environment = json.loads((trained_pair_run / "environment.json").read_text())
    assert environment["data"]["left_out"] == lines
    done = kzoo(*small_pair_training, "--dry-run")
    assert done.stderr.splitlines()[-3:] == lines
    assert f"data words.tsv, {own_pairs} (144 / 18 / 18 pairs)" in done.stderr


def test_other_tokens_and_a_shorter_limit(kzoo, here):
    rows = [f"{'a ' * (1 + place % 5)}b{place}\t{place}" for place in range(30)]
    (here / "phones.tsv").write_text("\n".join(rows))
    words = ["--set", "data.source_tokens=spaces", "--set", "data.max_length=4", "--dry-run", "--json"]
    done = kzoo("train", "p2g", "--data", "phones.tsv", *words)
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["data"]["tokens"] == ["spaces", "characters"]
    assert sum(told["data"]["sizes"].values()) == 18
    assert "12 rows left out, longer than 4 tokens" in done.stderr


def test_a_stand_in_is_said_to_be_one(kzoo):
    done = kzoo("train", "nmt", "--dry-run", "--json")
    assert done.exit_code == 0, done.stderr
    assert "STAND-IN DATA: no spa-eng found; phrases" in done.stderr
    assert "do not compare its results with published figures" in done.stderr
    told = json.loads(done.stdout)["data"]
    assert (told["name"], told["stand_in"]) == ("phrases", True)


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        (
            ["nmt", "--data", "PAIRS", "--set", "model.source_vocabulary=5"],
            2,
            "--set model.source_vocabulary=9",
        ),
        (["nmt", "--data", "PAIRS", "--set", "data.max_length=0"], 2, "data.max_length"),
        (["nmt", "--data", "PAIRS", "--set", "data.max_length=1"], 3, "too few pairs"),
        (["nmt", "--data", "PAIRS", "--set", "data.stress=true"], 2, "stress"),
        (["nmt", "--data", "PAIRS", "--set", "model.attention=sharp"], 2, "sharp"),
        (["nmt", "--data", "PAIRS", "--set", "model.units=7"], 2, "units"),
        (["nmt", "--data", "IMAGES"], 3, "is not a file of pairs"),
        (["nmt", "--data", "none.tsv"], 2, "none.tsv"),
        (["nmt", "--data", "mnist"], 2, "mnist"),
        (["nmt", "--set", "data.test_cut=true"], 2, "data.test_cut is not for pairs"),
        (["nmt", "--set", "training.class_weights=balanced"], 2, "training.class_weights is not for pairs"),
        (["nmt", "--require-data"], 3, "spa-eng"),
        (["cnn", "--set", "data.max_length=3"], 2, "data.max_length is not for images"),
        (["cnn", "--set", "data.stress=true"], 2, "data.stress is not for images"),
        (["cnn", "--set", "augmentation.tokens=.1"], 2, "augmentation.tokens is not for images"),
        (["nmt", "--set", "augmentation.shift=2"], 2, "augmentation.shift is not for pairs"),
        (["cnn", "--set", "training.batch_by_length=true"], 2, "training.batch_by_length is not for images"),
        (["cnn", "--set", "model.input_shape=28"], 2, "'input_shape' is 3 positive numbers, not 28"),
        (["cnn", "--data", "PAIRS"], 3, "neither a folder of images nor an npz file"),
    ],
)
def test_what_is_refused(kzoo, own_images, own_pairs, here, words, exit_code, said):
    files = {"PAIRS": own_pairs, "IMAGES": own_images}
    done = kzoo("train", *(files.get(word, word) for word in words))
    assert done.exit_code == exit_code
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not list(here.iterdir())
