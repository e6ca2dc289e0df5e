"""Training on spoken texts: what a run says, what it keeps, and what is refused."""

from __future__ import annotations

import csv
import json
import shutil
import sys
from pathlib import Path

import editdistance
import numpy as np
import pytest
from own_sets import write_speech, write_wav
from PIL import Image
from run_files import RUN_FILES, metrics_of

from kzoo.data.catalog import PUBLISHED_SETS
from kzoo.data.speech.speech_set import SPEECH_VOCABULARY
from kzoo.data.splits import other_sizes
from kzoo.data.vocabulary import Vocabulary
from kzoo.experiment import prepare
from kzoo.recipe import load_recipe

FILES = RUN_FILES | {"attention.png", "predictions.tsv", "target-vocabulary.json"}
FIGURES = ("jaccard", "ochiai", "damerau_levenshtein", "character_error_rate", "word_error_rate")


def test_a_run_keeps_its_symbols_and_its_predictions(whole_speech_run):
    assert {path.name for path in whole_speech_run.iterdir()} == FILES
    assert Vocabulary.load(whole_speech_run / "target-vocabulary.json") == SPEECH_VOCABULARY
    with Image.open(whole_speech_run / "curves.png") as image:
        assert image.format == "PNG"
        assert np.ptp(np.asarray(image.convert("L"))) > 100
    with (whole_speech_run / "predictions.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert [row["clip"] for row in rows] == [f"[{index}]" for index in range(20, 24)]
    errors = sum(editdistance.eval(row["text"], row["prediction"]) for row in rows)
    rate = errors / sum(len(row["text"]) for row in rows)
    assert metrics_of(whole_speech_run)["test_character_error_rate"] == pytest.approx(rate)


def test_the_figures_of_note_are_those_of_the_history_and_the_test(whole_speech_run):
    metrics = metrics_of(whole_speech_run)
    rows = np.genfromtxt(whole_speech_run / "history.csv", delimiter=",", names=True)
    assert rows["epoch"].tolist() == [1, 2, 3]
    for name in ("loss", *FIGURES):
        assert metrics[f"validation_{name}"] == rows[f"validation_{name}"][-1]
        assert metrics[f"test_{name}"] == metrics["test"][name]
    assert rows["train_loss"][-1] < rows["train_loss"][0]  # something was learned
    rates = rows["validation_character_error_rate"]
    assert metrics["best_validation_character_error_rate"] == rates.min()
    assert metrics["best_epoch"] == 1 + rates.argmin()
    assert metrics["test"]["count"] == 4
    for name, (low, high) in metrics["test"]["intervals"].items():
        assert low <= metrics["test"][name] <= high
    assert metrics["data"]["sizes"] == {"train": 16, "validation": 4, "test": 4}
    assert metrics["data"]["rate"] == 8_000


def test_what_would_be_done_is_told_and_nothing_done(kzoo, small_speech_training, own_speech, here):
    done = kzoo(*small_speech_training, "--set", "data.mel_rate=16000", "--dry-run", "--json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    left_out = f"1 row left out, no such clip in wavs: {own_speech / 'metadata.csv'} line 25"
    assert told["data"]["left_out"] == [left_out]
    assert told["data"]["frames"]["mel_rate"] == 16_000
    assert told["cost"]["steps an epoch"] == 2
    assert done.stderr.splitlines()[-1] == left_out
    assert f"data tones, {own_speech} (16 / 4 / 4 clips)" in done.stderr
    assert not list(here.iterdir())


def test_a_stand_in_is_said_to_be_one(kzoo):
    done = kzoo("train", "asr-lstm", "--dry-run", "--json")
    assert done.exit_code == 0, done.stderr
    assert "STAND-IN DATA: no lj-speech found; tones" in done.stderr
    assert "do not compare its results with published figures" in done.stderr
    told = json.loads(done.stdout)["data"]
    assert (told["name"], told["stand_in"]) == ("tones", True)


def test_published_figures_stand_beside_those_of_the_published_recipe_only(whole_speech_run, tmp_path):
    write_speech(tmp_path / "lj-speech")
    published = load_recipe("asr-lstm")
    found = other_sizes(published.published.source, PUBLISHED_SETS["lj-speech"].sizes, {"train": 16})
    comparison = prepare(published, data_dir=tmp_path).comparison
    assert comparison["published"] is None  # 24 clips are not LJ Speech
    assert comparison["reason"].startswith(found.split(" here")[0])
    changed = prepare(load_recipe("asr-lstm", {"training.epochs": 3}), reference=published, data_dir=tmp_path)
    assert changed.comparison["reason"] == "the recipe was changed: training.epochs"
    own = metrics_of(whole_speech_run)["comparison"]["reason"]
    assert own == "trained on tones, not on lj-speech"


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        (["--set", "model.vocabulary=5"], 2, "model.vocabulary must be 35"),
        (["--set", "data.max_length=98"], 2, "data.max_length must be"),
        (["--set", "data.max_frames=0"], 2, "data.max_frames"),
        (["--set", "data.mel_rate=0"], 2, "data.mel_rate"),
        (["--set", "data.image_size=16"], 2, "data.image_size is not for clips"),
        (["--data", "IMAGES"], 3, "holds no spoken texts: expected a folder with metadata.csv and wavs"),
        (["--data", "none"], 2, "no set of spoken texts and no folder is called 'none'"),
        (["--data", "sydney-captions"], 2, "sydney-captions"),
        (["--data", "lj-speech", "--require-data"], 3, "lj-speech"),
    ],
)
def test_what_is_refused(kzoo, small_speech_training, own_captions, here, words, exit_code, said):
    done = kzoo(*small_speech_training, *(word.replace("IMAGES", str(own_captions)) for word in words))
    assert done.exit_code == exit_code
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not list(here.iterdir())


def write_rows(folder, *rows):
    (folder / "splits.csv").unlink()
    (folder / "metadata.csv").write_text("\n".join(rows))


def remove_clips(folder, numbers):
    for number in numbers:
        (folder / "wavs" / f"[{number}].wav").unlink()


def spoil_clip(folder, content):
    path = folder / "wavs" / "[3].wav"
    path.write_bytes(path.read_bytes()[:400] if content is None else content)


FAULTS = {
    "no clips": (lambda folder: shutil.rmtree(folder / "wavs"), "wavs is not a folder"),
    "all clips gone": (
        lambda folder: remove_clips(folder, range(24)),
        "holds no train clips that can be used: 25 rows left out, no such clip in wavs: ",
    ),
    "test clips gone": (lambda folder: remove_clips(folder, range(20, 24)), "holds no test clips"),
    "empty texts": (
        lambda folder: write_rows(folder, *(f"[{index}]| " for index in range(24))),
        "holds no train clips that can be used: 24 rows left out, empty: ",
    ),
    "no rows": (lambda folder: write_rows(folder), "holds no train clips"),
    "no columns": (lambda folder: write_rows(folder, "a, b"), "metadata.csv, line 1: 1 column, expected id|"),
    "no metadata": (lambda folder: (folder / "metadata.csv").unlink(), "expected a folder with metadata.csv"),
    "no sound": (lambda folder: spoil_clip(folder, b"text"), "[3].wav cannot be read"),
    "no bytes": (lambda folder: spoil_clip(folder, b""), "[3].wav cannot be read"),
    "cut off": (lambda folder: spoil_clip(folder, None), "[3].wav is cut off: it has 400 of "),
    "no samples": (
        lambda folder: write_wav(folder / "wavs" / "[3].wav", np.zeros(0), 8_000),
        "[3].wav holds no sound",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_spoilt_data_are_one_line_and_no_run(kzoo, small_speech_training, own_speech, tmp_path, here, fault):
    folder = Path(shutil.copytree(own_speech, tmp_path / "spoilt"))
    spoil, said = FAULTS[fault]
    spoil(folder)
    done = kzoo(*small_speech_training, "--data", folder, "--out", "run")
    assert done.exit_code == 3, done.stderr
    assert said in done.stderr.splitlines()[-1]
    assert done.stderr.count("kzoo: ") == 1
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not list(here.iterdir())


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("soundfile", "reading sound files needs soundfile: pip install 'kzoo[speech]'"),
        ("soxr", "changing the sample rate of a clip needs soxr: pip install 'kzoo[speech]'"),
        ("rapidfuzz", "the Damerau-Levenshtein similarity needs rapidfuzz: pip install 'kzoo[speech]'"),
    ],
)
def test_a_missing_extra_is_named(
    kzoo, small_speech_training, own_speech, tmp_path, monkeypatch, here, module, said
):
    folder = Path(shutil.copytree(own_speech, tmp_path / "rates"))
    write_wav(folder / "wavs" / "[3].wav", np.sin(np.arange(4_000)), 16_000)  # the others have 8,000
    monkeypatch.setitem(sys.modules, module, None)
    done = kzoo(*small_speech_training, "--data", folder)
    assert done.exit_code == 4
    assert done.stderr.splitlines()[-1] == f"kzoo: {said}"
    assert done.stderr.count("kzoo: ") == 1
    assert not list(here.iterdir())
