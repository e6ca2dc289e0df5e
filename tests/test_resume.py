"""A training that is stopped at any moment and resumed gives the same bits as an uninterrupted one."""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from importlib import util
from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml
from marks import once_but

from kzoo.locks import hold
from kzoo.runtime import BACKENDS

EPOCHS = 5
AUGMENTED = [
    word for key in ("shift=2", "rotation=9", "mixup=.4") for word in ("--set", f"augmentation.{key}")
]


@pytest.fixture(scope="module", params=once_but(["cnn-bn"], ["kmnist-cnn", "cnn-bn"]))
def whole(request, kzoo, write_image_set, tmp_path_factory):
    """The arguments of a training with dropout, and its uninterrupted run of 5 epochs.

    cnn-bn also covers batch normalisation and augmentation, kmnist-cnn Adam, and `whole_of_pairs` the other
    features.
    """
    folder = tmp_path_factory.mktemp("whole")
    if request.param == "kmnist-cnn":
        data, settings = write_image_set(folder / "grey.npz", 28, 1, (404, 20, 20)), []
    else:
        data = write_image_set(folder / "colour.npz", 16, 3, (96, 20, 20))
        settings = ["--set", "model.input_shape=[16, 16, 3]", *AUGMENTED]
    arguments = ["train", request.param, "--data", data, *settings]
    done = kzoo(*arguments, "--epochs", EPOCHS, "--out", folder / "run")
    assert done.exit_code == 0, done.stderr
    return arguments, folder / "run"


@pytest.fixture(scope="module")
def tuned(whole, kzoo, tmp_path_factory):
    """A run of 2 epochs that began from a copy of `whole`, which is gone, with frozen convolutions."""
    arguments, origin = whole
    folder = tmp_path_factory.mktemp("tuned")
    gone = shutil.copytree(origin, folder / "gone")
    settings = [f"model.init={gone}", "training.frozen=[conv*]", "training.initialized_rate=0.1"]
    words = [word for setting in settings for word in ("--set", setting)]
    done = kzoo(*arguments, *words, "--epochs", 2, "--out", folder / "run")
    assert done.exit_code == 0, done.stderr
    shutil.rmtree(gone)
    return folder / "run"


@pytest.fixture(scope="module")
def whole_of_pairs(kzoo, own_pairs, tmp_path_factory):
    """The same for pairs that are augmented anew in each epoch, with schedule, averaging and best epoch."""
    settings = {
        "model.units": 8,
        "training.batch_by_length": True,
        "augmentation.tokens": 0.3,
        "training.schedule": "cosine",
        "training.averaging": 0.8,
        "training.weight_decay": 0.1,
        "training.tested_epoch": "best",
    }
    words = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    run = tmp_path_factory.mktemp("whole") / "run"
    arguments = ["train", "nmt-bilinear", "--data", own_pairs, *words, "--batch-size", 8, "--lr", 0.01]
    done = kzoo(*arguments, "--epochs", EPOCHS, "--out", run)
    assert done.exit_code == 0, done.stderr
    return [*arguments, "--epochs", EPOCHS], run


def checkpoints(run: Path) -> list[Path]:
    return sorted((run / "checkpoints").glob("epoch-*.npz"))


def state(checkpoint: Path) -> dict[str, np.ndarray]:
    """Read the arrays and the progress in a checkpoint, except for the seconds of the training."""
    arrays = dict(np.load(checkpoint))
    progress = json.loads(arrays.pop("progress").tobytes())
    return {**arrays, **{name: np.asarray(value) for name, value in progress.items() if name != "seconds"}}


def weights(model: Path) -> dict[str, np.ndarray]:
    """Read the weights in a `.keras` file, by their paths in it."""
    arrays: dict[str, np.ndarray] = {}
    with zipfile.ZipFile(model) as archive, h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file:
        file.visititems(
            lambda name, item: arrays.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None
        )
    return arrays


def assert_same(ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray]) -> None:
    assert ours.keys() == theirs.keys()
    assert len(ours) > 0
    for name, array in ours.items():
        np.testing.assert_array_equal(array, theirs[name], err_msg=name, strict=True)


def assert_same_run(run: Path, whole: Path) -> None:
    assert (run / "history.csv").read_bytes() == (whole / "history.csv").read_bytes()
    assert [path.name for path in checkpoints(run)] == [path.name for path in checkpoints(whole)]
    for ours, theirs in zip(checkpoints(run), checkpoints(whole), strict=True):
        assert_same(state(ours), state(theirs))
    for name in ("best.keras", "last.keras"):
        assert_same(weights(run / name), weights(whole / name))
    assert not list(run.rglob(".*")), "a half-written file was left behind"
    ours, theirs = (json.loads((folder / "metrics.json").read_text()) for folder in (run, whole))
    assert {**ours, "seconds": 0} == {**theirs, "seconds": 0}


def stop(arguments: list[object], run: Path, how: signal.Signals) -> tuple[int, str]:
    """Start a training in its own process, and stop it at a random moment after its next checkpoint."""
    before = checkpoints(run)
    process = subprocess.Popen(
        [sys.executable, "-m", "kzoo", *map(str, arguments)], stderr=subprocess.PIPE, text=True
    )
    while process.poll() is None and checkpoints(run) == before:
        time.sleep(0.005)
    delay = random.uniform(0, 0.1)
    time.sleep(delay)
    print(f"{how.name} came {delay:.3f} s after {[path.name for path in checkpoints(run)]}")
    process.send_signal(how)
    _, stderr = process.communicate(timeout=60)
    return process.returncode, stderr


def test_stopped_at_any_moment(whole, kzoo, tmp_path):
    """The run is stopped by Ctrl-C, then by `kill -9`, and then by its last epoch."""
    arguments, uninterrupted = whole
    run = tmp_path / "run"
    exit_code, stderr = stop([*arguments, "--epochs", 4, "--out", run], run, signal.SIGINT)
    assert exit_code == 130
    assert stderr.splitlines()[-1] == f"interrupted; continue with: kzoo train --resume {run}"
    assert "Traceback" not in stderr
    assert not (run / "metrics.json").exists()
    stop(["train", "--resume", run], run, signal.SIGKILL)
    if not (run / "metrics.json").exists():
        assert kzoo("train", "--resume", run).exit_code == 0
    assert_same(state(checkpoints(run)[-1]), state(checkpoints(uninterrupted)[0]))
    lines = (uninterrupted / "history.csv").read_text().splitlines()
    assert (run / "history.csv").read_text().splitlines() == lines[:5]
    done = kzoo("train", "--resume", run, "--epochs", EPOCHS)
    assert done.exit_code == 0, done.stderr
    assert_same_run(run, uninterrupted)


def test_pairs_stopped_at_any_moment(whole_of_pairs, kzoo, tmp_path):
    """The run is stopped by Ctrl-C and then by `kill -9`."""
    arguments, uninterrupted = whole_of_pairs
    run = tmp_path / "run"
    exit_code, stderr = stop([*arguments, "--out", run], run, signal.SIGINT)
    assert exit_code == 130, stderr
    stop(["train", "--resume", run], run, signal.SIGKILL)
    if not (run / "metrics.json").exists():
        done = kzoo("train", "--resume", run)
        assert done.exit_code == 0, done.stderr
    assert_same_run(run, uninterrupted)
    for name in ("source-vocabulary.json", "target-vocabulary.json", "predictions.tsv"):
        assert (run / name).read_bytes() == (uninterrupted / name).read_bytes()


@pytest.mark.once
@pytest.mark.parametrize("family", ["caption", "speech"])
def test_captions_and_speech_stopped_at_any_moment(request, kzoo, tmp_path, family):
    """The run, with dropout and for speech with a schedule, is stopped once by `kill -9`."""
    uninterrupted = request.getfixturevalue(f"whole_{family}_run")
    run = tmp_path / uninterrupted.name  # the titles of the pictures contain this name
    stop([*request.getfixturevalue(f"small_{family}_training"), "--out", run], run, signal.SIGKILL)
    if not (run / "metrics.json").exists():
        done = kzoo("train", "--resume", run, "--json")
        assert done.exit_code == 0, done.stderr
        assert json.loads(done.stdout)["run"] == str(run)
    assert_same_run(run, uninterrupted)
    for name in ("target-vocabulary.json", "predictions.tsv", "curves.png"):
        assert (run / name).read_bytes() == (uninterrupted / name).read_bytes()


@pytest.mark.once
def test_ctc_stopped_after_an_epoch(kzoo, own_speech, tmp_path, monkeypatch):
    """A decoder beside CTC, states of four frames and an LSTM that reads them, with masks and dropout."""
    options = {"ctc": 0.5, "subsampling": 4, "encoder": "lstm", "dropout": 0.2, "units": 8, "mels": 16}
    settings = {f"model.{name}": value for name, value in options.items()} | {"augmentation.time_masks": 2}
    words = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    arguments = ["train", "asr-lstm", "--data", own_speech, *words, "--batch-size", 8, "--epochs", 2]
    uninterrupted, run = tmp_path / "whole" / "run", tmp_path / "stopped" / "run"
    assert kzoo(*arguments, "--out", uninterrupted).exit_code == 0
    from kzoo import experiment

    def save_and_stop(*arguments):
        save(*arguments)
        raise KeyboardInterrupt

    save = experiment.save_checkpoint
    with monkeypatch.context() as stopping:
        stopping.setattr(experiment, "save_checkpoint", save_and_stop)
        assert kzoo(*arguments, "--out", run).exit_code == 130
    assert len(checkpoints(run)) == 1
    done = kzoo("train", "--resume", run)
    assert done.exit_code == 0, done.stderr
    assert_same_run(run, uninterrupted)


@contextlib.contextmanager
def largest_file(size: int):
    """Let writing more than `size` bytes to a file fail, as on a full disk."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


@pytest.mark.parametrize("whole", ["cnn-bn"], indirect=True)
def test_stopped_by_a_full_disk(whole, kzoo, tmp_path):
    arguments, uninterrupted = whole
    run = tmp_path / "run"
    assert kzoo(*arguments, "--epochs", 2, "--out", run).exit_code == 0
    kept = {path: path.read_bytes() for path in checkpoints(run)}
    sizes = {(run / "last.keras").stat().st_size, checkpoints(run)[-1].stat().st_size}
    for limit in sorted(size - 1000 for size in sizes):
        with largest_file(limit):
            done = kzoo("train", "--resume", run, "--epochs", EPOCHS)
        assert done.exit_code == 3, done.stderr
        last = done.stderr.splitlines()[-1]
        assert last.startswith(f"kzoo: {run}")
        assert last.endswith(": File too large")
        assert "Traceback" not in done.stderr
        assert {path: path.read_bytes() for path in checkpoints(run)} == kept
        assert not list(run.rglob(".*"))
    assert kzoo("train", "--resume", run, "--epochs", EPOCHS).exit_code == 0
    assert_same_run(run, uninterrupted)


def test_stopped_by_a_power_cut_that_tore_the_last_checkpoint(whole, kzoo, tmp_path):
    _, uninterrupted = whole
    run = Path(shutil.copytree(uninterrupted, tmp_path / "run"))
    (run / "metrics.json").unlink()
    torn = checkpoints(run)[-1]
    torn.write_bytes(torn.read_bytes()[:-1000])
    assert kzoo("train", "--resume", run).exit_code == 0
    assert_same_run(run, uninterrupted)


# ---- runs that are not resumed ----


def test_a_finished_run(trained_run, kzoo):
    before = {path: path.read_bytes() for path in trained_run.iterdir() if path.is_file()}
    for epochs in ([], ["--epochs", 3], ["--epochs", 2]):
        done = kzoo("train", "--resume", trained_run, *epochs)
        assert done.exit_code == 2
        assert "is finished at epoch 3: --epochs N trains it on to epoch N" in done.stderr
    assert {path: path.read_bytes() for path in trained_run.iterdir() if path.is_file()} == before


def test_a_run_that_was_stopped_early(kzoo, small_training, tmp_path):
    """A rate at which no epoch is better than the first. An interruption before the test changes nothing."""
    run = tmp_path / "run"
    words = [*small_training, "--epochs", 9, "--lr", 1e-9, "--set", "training.patience=2", "--out", run]
    done = kzoo(*words)
    assert done.exit_code == 0, done.stderr
    assert "after 3 epochs" in done.stdout
    metrics = json.loads((run / "metrics.json").read_text())
    reason = "no epoch after epoch 1 improved validation_accuracy"
    assert (metrics["epochs"], metrics["tested_epoch"], metrics["stopped"]) == (3, 1, reason)
    for epochs in ([], ["--epochs", 20]):
        done = kzoo("train", "--resume", run, *epochs)
        assert done.exit_code == 2
        said = f"kzoo: {run} is finished: it was stopped after epoch 3, as {reason}; start a new run"
        assert done.stderr.startswith(said)
        assert len(done.stderr.splitlines()) == 1
    (run / "metrics.json").unlink()
    assert kzoo("train", "--resume", run).exit_code == 0
    assert {**json.loads((run / "metrics.json").read_text()), "seconds": 0} == {**metrics, "seconds": 0}
    assert len((run / "history.csv").read_text().splitlines()) == 4


def test_beyond_the_steps_of_a_warm_up(kzoo, small_training, tmp_path):
    run = tmp_path / "run"
    words = [*small_training, "--epochs", 1, "--set", "training.warmup=0.5", "--out", run]
    assert kzoo(*words).exit_code == 0
    done = kzoo("train", "--resume", run, "--epochs", 2)
    assert done.exit_code == 2
    assert f"the schedule of {run} ends at epoch 1: start a new run" in done.stderr


@pytest.mark.once
def test_data_that_were_named_are_found_again(kzoo, small_speech_training, own_speech, tmp_path):
    words = [word if word != str(own_speech) else "lj-speech" for word in small_speech_training]
    run = tmp_path / "run"
    done = kzoo(
        *words, "--epochs", 1, "--data-dir", own_speech, "--set", "training.schedule=constant", "--out", run
    )
    assert done.exit_code == 0, done.stderr
    done = kzoo("train", "--resume", run, "--epochs", 2)
    assert done.exit_code == 0, done.stderr
    assert f"data lj-speech, {own_speech}" in done.stderr


@pytest.mark.parametrize("lost", [["checkpoints/epoch-00002.npz"], ["checkpoints", "history.csv"]])
def test_after_the_run_that_it_began_from_is_gone(tuned, kzoo, tmp_path, lost):
    """From a checkpoint, and from the start."""
    run = Path(shutil.copytree(tuned, tmp_path / "run"))
    for path in (run / name for name in [*lost, "metrics.json"]):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    done = kzoo("train", "--resume", run)
    assert done.exit_code == 0, done.stderr
    assert_same_run(run, tuned)
    assert kzoo("evaluate", run).exit_code == 0


def test_frozen_layers_stay_those_of_the_run_that_it_began_from(whole, tuned):
    before, after = weights(whole[1] / "last.keras"), weights(tuned / "last.keras")
    changed = {name.split("/")[1] for name, array in after.items() if (array != before[name]).any()}
    assert changed
    assert changed <= {"dense", "dense_1", "dense_2", "batch_normalization_3"}


def test_fewer_epochs_than_are_done_leave_the_recipe_as_it_is(kzoo, trained_run):
    (trained_run / "metrics.json").unlink()
    before = (trained_run / "recipe.yaml").read_bytes()
    done = kzoo("train", "--resume", trained_run, "--epochs", 2)
    assert done.exit_code == 2
    assert "has trained epoch 3 already: give --epochs a larger number" in done.stderr
    assert (trained_run / "recipe.yaml").read_bytes() == before
    assert kzoo("train", "--resume", trained_run).exit_code == 0


@pytest.mark.parametrize("lost", [["metrics.json"], []])
def test_without_checkpoints_nothing_is_trained_again(kzoo, trained_run, lost):
    shutil.rmtree(trained_run / "checkpoints")
    for name in lost:
        (trained_run / name).unlink()
    history = (trained_run / "history.csv").read_bytes()
    done = kzoo("train", "--resume", trained_run, "--epochs", 4)
    assert done.exit_code == 3
    assert "holds no undamaged checkpoint to resume from: start a new run" in done.stderr
    assert (trained_run / "history.csv").read_bytes() == history


def test_on_other_data(trained_run, kzoo, write_image_set, tmp_path):
    recipe = trained_run / "recipe.yaml"
    document = yaml.safe_load(recipe.read_text())
    document["data"]["name"] = str(write_image_set(tmp_path / "other.npz", 28, 1, (64, 20, 20)))
    recipe.write_text(yaml.safe_dump(document))
    done = kzoo("train", "--resume", trained_run, "--epochs", 4)
    assert done.exit_code == 3
    assert f"is not what {trained_run} was trained on" in done.stderr
    assert "pass its folder with --data-dir" in done.stderr
    document["data"]["name"] = str(tmp_path / "gone.npz")
    recipe.write_text(yaml.safe_dump(document))
    assert kzoo("train", "--resume", trained_run, "--epochs", 4).exit_code != 0


def test_on_another_backend(trained_run):
    backend = os.environ["KERAS_BACKEND"]
    other = next((name for name in BACKENDS if name != backend and util.find_spec(name)), None)
    if other is None:
        pytest.skip(f"only {backend} is installed")
    before = (trained_run / "recipe.yaml").read_bytes()
    words = ["train", "--resume", trained_run, "--epochs", 4, "--backend", other]
    done = subprocess.run(
        [sys.executable, "-m", "kzoo", *map(str, words)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert f"was trained on {backend}: resume it with --backend {backend}" in done.stderr
    assert (trained_run / "recipe.yaml").read_bytes() == before


@pytest.mark.parametrize("finished", [True, False])
def test_beyond_the_end_of_a_schedule(whole_of_pairs, kzoo, tmp_path, finished):
    run = Path(shutil.copytree(whole_of_pairs[1], tmp_path / "run"))
    if not finished:
        (run / "metrics.json").unlink()
    before = {path: path.read_bytes() for path in run.iterdir() if path.is_file()}
    done = kzoo("train", "--resume", run, "--epochs", EPOCHS + 1)
    assert done.exit_code == 2
    said = f"kzoo: the schedule of {run} ends at epoch {EPOCHS}: start a new run to train for longer"
    assert done.stderr.splitlines() == [said]
    assert {path: path.read_bytes() for path in run.iterdir() if path.is_file()} == before


@pytest.mark.parametrize(
    "words", [["cnn"], ["--set", "model.dropout=0.5"], ["--lr", "0.1"], ["--data", "x.npz"], ["--seed", "1"]]
)
def test_with_another_recipe(trained_run, kzoo, words):
    done = kzoo("train", "--resume", trained_run, *words)
    assert done.exit_code == 2
    assert "only --epochs may be given" in done.stderr


def test_what_is_no_run(kzoo, tmp_path):
    for folder in (tmp_path, tmp_path / "missing"):
        done = kzoo("train", "--resume", folder)
        assert done.exit_code == 2
        assert f"{folder} is not a run folder" in done.stderr


def test_a_run_that_is_at_work_is_not_resumed(kzoo, trained_run):
    before = {path: path.read_bytes() for path in trained_run.glob("*.*")}
    with hold(trained_run):
        done = kzoo("train", "--resume", trained_run, "--epochs", 4)
    assert done.exit_code == 2
    assert f"another kzoo is at work in {trained_run}" in done.stderr
    assert {path: path.read_bytes() for path in before} == before
