from __future__ import annotations

import json

import numpy as np
import pytest


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
