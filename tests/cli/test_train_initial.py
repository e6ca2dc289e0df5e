"""`kzoo train` from another run's weights: what it says and keeps, and how it refuses; and its warning."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from kzoo.tasks import images


@pytest.fixture
def begin(kzoo, small_training, own_images, tmp_path):
    """`begin(run, *words, classes=3)` trains for an epoch, from a run, on own images of some classes."""

    def train(run: Path, *words: object, classes: int = 4):
        arrays = dict(np.load(own_images))
        for split in ("train", "val", "test"):
            kept = arrays[f"{split}_labels"] < classes
            arrays |= {f"{split}_{part}": arrays[f"{split}_{part}"][kept] for part in ("images", "labels")}
        arrays["class_names"] = arrays["class_names"][:classes]
        np.savez(tmp_path / "some.npz", **arrays)
        others = [word if word != str(own_images) else tmp_path / "some.npz" for word in small_training]
        return kzoo(*others, "--epochs", 1, "--set", f"model.init={run}", *words, "--out", tmp_path / "new")

    return train


def test_the_outputs_of_other_classes_start_anew(begin, trained_run, tmp_path, kzoo):
    done = begin(trained_run, classes=3)
    assert done.exit_code == 0, done.stderr
    lines = done.stderr.splitlines()
    assert f"2 of 4 weights from {trained_run} (tiny-cnn after epoch 3)" in lines
    assert [line for line in lines if line.startswith("drawn anew")] == [
        "drawn anew: fc1/kernel, of shape (484, 3), the run's (484, 4)",
        "drawn anew: fc1/bias, of shape (3,), the run's (4,)",
    ]
    record = json.loads((tmp_path / "new" / "environment.json").read_text())["initial"]
    assert (record["run"], record["model"], record["epoch"]) == (str(trained_run), "tiny-cnn", 3)
    assert record["whole"] == ["conv1/kernel", "conv1/bias"]
    assert record["drawn"].keys() == {"fc1/kernel", "fc1/bias"}
    shutil.rmtree(trained_run)
    assert kzoo("evaluate", tmp_path / "new").exit_code == 0
    done = kzoo("report", tmp_path / "new", "--out", tmp_path / "page.md")
    assert done.exit_code == 0, done.stderr
    page = (tmp_path / "page.md").read_text()
    assert "initial weights" in page
    assert "tiny-cnn after epoch 3" in page


def test_all_frozen_but_the_last_layer_train_that_alone(begin, trained_run, tmp_path):
    done = begin(trained_run, "--set", "training.frozen=[conv*]", "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["parameters"] == 484 * 4 + 4


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        (["--set", "model.init=nowhere"], 2, "nowhere is not a run folder"),
        (["--set", "training.frozen=[block*]"], 2, "matches 'block*'; it has conv1, fc1"),
        (["--set", "training.frozen=[pool1]"], 2, "matches 'pool1'; it has conv1, fc1"),
        (["--set", "training.frozen=['*']"], 2, "leaves no layer of tiny-cnn to train"),
        (["--set", "training.frozen=conv*"], 2, "expected a list of patterns, for instance [conv*, fc1]"),
        (["--set", "model.init=null", "--set", "training.initialized_rate=.1"], 2, "set model.init"),
        (["--set", "training.initialized_rate=0"], 2, "greater than 0"),
    ],
)
def test_what_does_not_fit_is_said_before_anything_is_written(
    begin, trained_run, tmp_path, words, exit_code, said
):
    done = begin(trained_run, *words)
    assert (done.exit_code, done.stdout) == (exit_code, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "new").exists()


def test_a_run_of_another_family_is_refused(begin, trained_pair_run, tmp_path):
    done = begin(trained_pair_run)
    assert done.exit_code == 2
    said = (
        f"no weight of {trained_pair_run}, a run of nmt-bilinear, has the name and shape of one of tiny-cnn"
    )
    assert said in done.stderr
    assert not (tmp_path / "new").exists()


def test_a_damaged_model_is_a_data_error(begin, trained_run, tmp_path):
    (trained_run / "last.keras").write_bytes(b"PK")
    done = begin(trained_run)
    assert done.exit_code == 3
    assert f"{trained_run / 'last.keras'} is damaged" in done.stderr


def test_the_rows_of_tokens_that_both_have(kzoo, small_pair_training, own_pairs, trained_pair_run, tmp_path):
    """The pairs have another letter more, so that each table has one row more."""
    (tmp_path / "more.tsv").write_bytes(own_pairs.read_bytes() + b"zz\tzz\n" * 40)
    words = [word if word != str(own_pairs) else tmp_path / "more.tsv" for word in small_pair_training]
    words += ["--epochs", 1, "--set", f"model.init={trained_pair_run}", "--out", tmp_path / "new"]
    done = kzoo(*words)
    assert done.exit_code == 0, done.stderr
    tokens = len(json.loads((tmp_path / "new" / "target-vocabulary.json").read_text())["tokens"]) + 4
    assert f"in part: target_embedding/embeddings, {tokens - 1} of {tokens} tokens" in done.stderr
    assert "drawn anew" not in done.stderr


def warnings(stderr: str) -> list[str]:
    return [line for line in stderr.splitlines() if line.startswith("nothing is learned")]


def test_a_loss_that_stays_that_of_guessing_is_told_after_the_second_and_the_last_epoch(
    kzoo, small_training, tmp_path
):
    done = kzoo(*small_training, "--lr", "1e-6", "--out", tmp_path / "run")
    found = warnings(done.stderr)
    assert [line.split(",")[0] for line in found] == [
        f"nothing is learned so far: the training loss after epoch {epoch}" for epoch in (2, 3)
    ]
    assert all("is that of guessing (1.3863)" in line for line in found)
    done = kzoo(*small_training, "--lr", "1e-6", "--epochs", 2, "--out", tmp_path / "two")
    assert len(warnings(done.stderr)) == 1
    assert not warnings(kzoo(*small_training, "--out", tmp_path / "learns").stderr)


@pytest.mark.parametrize("shipped", [True, False])
def test_the_advice_names_a_recipe_that_there_is(
    kzoo, small_training, own_images, tmp_path, monkeypatch, shipped
):
    monkeypatch.setattr(images, "list_recipes", lambda: ["cnn", *(["cnn-bn-best"] if shipped else [])])
    done = kzoo(*small_training, "--lr", "1e-6", "--epochs", 2, "--out", tmp_path / "run")
    (line,) = warnings(done.stderr)
    expected = f"kzoo train cnn-bn-best --data {own_images}"
    assert line.endswith(expected if shipped else "--set training.optimizer=adam --lr 0.001")
