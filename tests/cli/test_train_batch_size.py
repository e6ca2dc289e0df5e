"""`kzoo train --batch-size auto`, which measures in processes of its own."""

from __future__ import annotations

import json

import pytest
import yaml

FAMILIES = ["small_training", "small_pair_training", "small_caption_training", "small_speech_training"]
AUTO = ["--epochs", 1, "--batch-size", "auto", "--set", "training.batch_size=1"]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_run_is_trained_with_the_size_that_was_found(kzoo, request, here, family):
    done = kzoo(*request.getfixturevalue(family), *AUTO, "--out", "run", "--json")
    assert done.exit_code == 0, done.stderr
    size = yaml.safe_load((here / "run" / "recipe.yaml").read_text())["training"]["batch_size"]
    assert size in (1, 2, 4, 8, 16)
    told = [line for line in done.stderr.splitlines() if "examples/s" in line]
    assert [line.split(":")[0].split(",")[0] for line in told] == [f"batch size {size}"]
    assert json.loads(done.stdout)["comparison"]["published"] is None


def test_a_dry_run_shows_the_size(kzoo, small_training, here):
    done = kzoo(*small_training, *AUTO, "--dry-run", "--json")
    assert done.exit_code == 0, done.stderr
    size = json.loads(done.stdout)["recipe"]["training"]["batch_size"]
    assert f"batch size {size}" in done.stderr
    assert not list(here.iterdir())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train", "cnn", "--set", "training.batch_size=auto"], "kzoo train has --batch-size auto"),
        (["sweep", "cnn", "--grid", "training.batch_size=8,auto"], "kzoo train has --batch-size auto"),
        (["train", "cnn", "--batch-size", "large"], "training.batch_size: Input should be a valid integer"),
        (["bench", "train", "cnn", "--batch-size", "auto"], "--batch-size"),
    ],
)
def test_it_is_refused_elsewhere(kzoo, here, words, said):
    done = kzoo(*words)
    assert done.exit_code == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(here.iterdir())


def test_a_resumed_run_keeps_its_size(kzoo, trained_run):
    done = kzoo("train", "--resume", trained_run, "--epochs", 4, "--batch-size", "auto")
    assert done.exit_code == 2
    assert "a resumed run keeps its recipe" in done.stderr


def test_an_error_of_the_measurement_is_one_line(kzoo, here):
    (here / "damaged.npz").write_bytes(b"PK\3\4 no npz")
    done = kzoo("train", "tiny-cnn", "--data", "damaged.npz", "--batch-size", "auto")
    assert done.exit_code == 3
    assert done.stderr.startswith("kzoo: ")
    assert "damaged.npz" in done.stderr
