"""The `kzoo weights` commands, and the names of weights in the place of a run."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from kzoo import create_model, load, shipped
from kzoo.cli.options import complete_run
from kzoo.errors import DataError, UsageError
from kzoo.registry import abstract_model, list_models
from kzoo.shipped import list_weights
from kzoo.training.packed import FILE
from kzoo.training.run import RunFolder, open_run
from kzoo.weights import pack as packing
from kzoo.weights.card import load_card

BIAS = "fc1/bias"
"""The path of a variable of the model."""


@pytest.fixture(scope="module")
def scenes(tmp_path_factory) -> Path:
    """A folder with a reduced set of scenes, in which the classes differ in colour."""
    folder = tmp_path_factory.mktemp("data") / "intel-scenes"
    folder.mkdir()
    labels = np.arange(60) % 6
    images = np.random.default_rng(8).integers(0, 60, (60, 48, 48, 3)) + 30 * labels[:, None, None, None]
    arrays = {"images": images.astype(np.uint8), "labels": labels}
    splits = {f"{split}_{name}": array for split in ("train", "test") for name, array in arrays.items()}
    np.savez_compressed(folder / "scenes.npz", **splits)
    return folder


@pytest.fixture(scope="module")
def run(kzoo, scenes, tmp_path_factory) -> RunFolder:
    """A run on these scenes, which no test may change."""
    folder = tmp_path_factory.mktemp("runs") / "scenes"
    options = ["model.input_shape=[48, 48, 3]", "model.num_classes=6", "model.filters=2"]
    words = [word for option in options for word in ("--set", option)]
    places = ["--data", "intel-scenes", "--data-dir", scenes, "--out", folder]
    done = kzoo("train", "tiny-cnn", *words, *places, "--epochs", 2)
    assert done.exit_code == 0, done.stderr
    return RunFolder(folder)


@pytest.fixture(scope="module")
def _packed(kzoo, run, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("shipped")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shipped, "FOLDER", folder)
        done = kzoo("weights", "pack", run.path, "scenes-small", "--limits", "Knows no forests.", "--json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["precision"] == "float16") == (told["changed_by_float16"] == [])
    return folder


@pytest.fixture(autouse=True)
def weights(_packed, tmp_path, monkeypatch) -> Path:
    """The folder `scenes-small` of weights, which the test may change, without any data on this machine."""
    monkeypatch.setattr(shipped, "FOLDER", shutil.copytree(_packed, tmp_path / "shipped"))
    monkeypatch.delenv("KZOO_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    return tmp_path / "shipped" / "scenes-small"


def test_the_folder_holds_what_is_needed_and_no_path(weights, run, scenes):
    names = {"card.json", "environment.json", "history.csv", "metrics.json", "recipe.yaml", FILE}
    assert {path.name for path in weights.iterdir()} == names
    for path in weights.iterdir():
        assert not [place for place in (run.path, scenes) if bytes(place) in path.read_bytes()]
    assert json.loads((weights / "environment.json").read_text())["data"]["location"].startswith("https://")


def test_the_tensors_are_named_after_the_variables(weights):
    tensors, recipe = load_file(weights / FILE), open_run(weights).recipe()
    model = abstract_model(recipe.model.name, **recipe.model.options)
    assert tensors.keys() == {weight.path for weight in model.weights}
    assert {str(array.dtype) for array in tensors.values()} == {load_card("scenes-small").precision}
    assert {weight.dtype for weight in load("scenes-small").model.weights} == {"float32"}


@pytest.mark.parametrize("name", list_models())
def test_no_two_variables_of_a_model_have_the_same_path(name):
    weights = abstract_model(name).weights
    assert len({weight.path for weight in weights}) == len(weights)


@pytest.mark.parametrize("rounded", [0.81004, 0.81006, float("nan")])
def test_weights_are_rounded_if_no_figure_changes_in_four_digits(run, monkeypatch, rounded):
    measured = iter([{"test_accuracy": 0.81}, {"test_accuracy": rounded}])
    monkeypatch.setattr(packing, "measure", lambda packed, data_dir: next(measured))
    card, changed = packing.pack(run, "again")
    assert card.figures == {"test_accuracy": 0.81 if changed else rounded}
    assert card.precision == ("float16" if rounded == 0.81004 else "float32")
    assert {array.dtype.name for array in load_file(card.file).values()} == {card.precision}


def test_list_and_info_show_the_card(kzoo, weights):
    (told,) = json.loads(kzoo("weights", "list", "--json").stdout)
    assert told == json.loads(kzoo("weights", "info", "scenes-small", "--json").stdout)
    assert told["bytes"] == (weights / FILE).stat().st_size
    figures = told["figures"]
    assert list(figures) == ["validation_loss", "validation_accuracy", "test_loss", "test_accuracy"]
    assert f"accuracy {figures['test_accuracy']:.4f}" in kzoo("weights", "list").stdout
    shown = kzoo("weights", "info", "scenes-small").stdout
    assert "Knows no forests." in shown
    assert "licence: none stated" in shown


def test_check_measures_where_the_data_are(kzoo, weights, scenes):
    done = kzoo("weights", "check")
    assert done.exit_code == 0
    assert "the checksum agrees; not measured: intel-scenes was not found" in done.stdout
    done = kzoo("weights", "check", "scenes-small", "--data-dir", scenes, "--json")
    assert done.exit_code == 0
    (told,) = json.loads(done.stdout)
    assert told["measured"] == pytest.approx(load_card("scenes-small").figures, abs=5e-5)
    assert (told["differences"], told["not_measured"]) == ([], None)


def test_check_fails_if_a_figure_or_the_file_differs(kzoo, weights, scenes):
    card = json.loads((weights / "card.json").read_text())
    card["figures"]["test_loss"] += 1e-4
    (weights / "card.json").write_text(json.dumps(card))
    done = kzoo("weights", "check", "--data-dir", scenes)
    assert done.exit_code == 1
    assert re.search(r"differs: test_loss is [\d.]+, not [\d.]+", done.stdout)
    tensors = load_file(weights / FILE)
    tensors[BIAS] = tensors[BIAS] + 1
    save_file(tensors, weights / FILE)
    done = kzoo("weights", "check", "--data-dir", scenes)
    assert done.exit_code == 1
    assert "its card sha256:" in done.stdout


def test_a_damaged_or_a_strange_file_is_told(weights):
    tensors = load_file(weights / FILE)
    del tensors[BIAS]
    save_file(tensors, weights / FILE)
    with pytest.raises(DataError, match="is not the model of the run's recipe, tiny-cnn"):
        load("scenes-small")
    (weights / FILE).write_bytes((weights / FILE).read_bytes()[:-9])
    with pytest.raises(DataError, match="is damaged"):
        load("scenes-small")


def test_unknown_names_are_told_with_the_nearest(kzoo):
    done = kzoo("weights", "check", "scene-small")
    assert (done.exit_code, "did you mean 'scenes-small'?" in done.stderr) == (2, True)
    done = kzoo("predict", "scene-small", "shoe.png")
    assert (done.exit_code, "did you mean 'scenes-small', which comes with kzoo?" in done.stderr) == (2, True)


def test_a_folder_of_the_name_comes_first(run, weights):
    assert open_run(Path("scenes-small")).path == weights
    shutil.copytree(run.path, "scenes-small")
    assert open_run(Path("scenes-small")).path == Path("scenes-small")


def test_every_place_of_a_run_takes_a_name(kzoo, weights, scenes, write_image_set, tmp_path):
    before = set(weights.iterdir())
    model = create_model("tiny-cnn", weights="scenes-small")
    for ours, theirs in zip(model.get_weights(), load("scenes-small").model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    figures = json.loads(kzoo("evaluate", "scenes-small", "--data-dir", scenes, "--json").stdout)
    assert figures["accuracy"] == pytest.approx(load_card("scenes-small").figures["test_accuracy"], abs=5e-5)
    for picture in ("curves", "kernels"):
        done = kzoo("plot", picture, "scenes-small")
        assert done.stdout.split() == [f"scenes-small-{picture}.png"], done.stderr
    own = write_image_set(tmp_path / "own.npz", 48, 3, (8, 4, 4))
    words = ["--data", own, "--set", "model.init=scenes-small", "--set", "model.input_shape=[48, 48, 3]"]
    done = kzoo("train", "tiny-cnn", *words, "--set", "model.filters=2", "--dry-run", "--json")
    assert json.loads(done.stdout)["recipe"]["model"]["init"] == "scenes-small", done.stderr
    pytest.importorskip("jinja2")
    assert kzoo("report", "scenes-small").exit_code == 0
    assert set(weights.iterdir()) == before


def test_no_training_continues_from_weights(kzoo, weights):
    before = {path: path.read_bytes() for path in weights.iterdir()}
    done = kzoo("train", "--resume", "scenes-small", "--epochs", 9)
    assert (done.exit_code, "--set model.init=" in done.stderr) == (2, True)
    assert {path: path.read_bytes() for path in weights.iterdir()} == before
    with pytest.raises(UsageError, match="holds the last model only"):
        load("scenes-small", checkpoint="best")


def test_pack_refuses_what_cannot_be_shipped(kzoo, run, trained_run):
    def refusal(*words: object) -> str:
        done = kzoo("weights", "pack", *words)
        assert done.exit_code == 2
        return done.stderr

    assert "is there already" in refusal(run.path, "scenes-small")
    assert "expected letters, digits" in refusal(run.path, "a/b")
    assert "which is not a published set" in refusal(trained_run, "trees")
    metrics = trained_run / "metrics.json"
    metrics.unlink()
    assert "finish the run with kzoo train --resume" in refusal(trained_run, "trees")
    assert list_weights() == ["scenes-small"]


def test_names_and_folders_are_completed(tmp_path):
    Path("scenes-own").mkdir()
    assert complete_run("sce") == ["scenes-small", "scenes-own/"]
    assert complete_run("run") == []
