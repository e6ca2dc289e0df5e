from __future__ import annotations

import shutil
import sys

import numpy as np
import pytest
from PIL import Image

KINDS = ("curves", "activations", "kernels", "confusion", "mistakes")


def picture(path) -> np.ndarray:
    with Image.open(path) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("L"))


@pytest.mark.parametrize("kind", KINDS)
def test_each_picture_of_a_run_is_drawn_again(kzoo, trained_run, here, kind):
    kept = picture(trained_run / f"{kind}.png")
    for file in trained_run.glob("*.png"):
        file.unlink()
    done = kzoo("plot", kind, trained_run)
    assert done.exit_code == 0, done.stderr
    assert done.stdout == f"{trained_run / kind}.png\n"
    assert np.ptp(kept) > 100
    kzoo("plot", kind, trained_run, "--out", "mine.png")
    np.testing.assert_array_equal(picture(trained_run / f"{kind}.png"), kept)
    np.testing.assert_array_equal(picture(here / "mine.png"), kept)


def test_the_curves_of_two_runs(kzoo, trained_run, here):
    other = shutil.copytree(trained_run, here / "[other]")
    done = kzoo("plot", "curves", trained_run, other, "--running", "--out", "two.png")
    assert done.exit_code == 0, done.stderr
    kzoo("plot", "curves", trained_run, "--running", "--out", "one.png")
    assert not np.array_equal(picture(here / "two.png"), picture(here / "one.png"))


def test_the_curves_of_runs_of_one_name_are_told_apart(kzoo, trained_run, here):
    other = shutil.copytree(trained_run, here / "elsewhere" / trained_run.name)
    for number, runs in enumerate(([trained_run], [trained_run, other])):
        kzoo("plot", "curves", *runs, "--out", f"{number}.png")
    assert not np.array_equal(picture(here / "0.png"), picture(here / "1.png"))


def test_an_image_of_one_s_own_in_place_of_one_of_the_set(kzoo, trained_run, here):
    Image.fromarray(np.arange(784, dtype=np.uint8).reshape(28, 28)).save(here / "own.png")
    for number, words in enumerate((["--image", "own.png"], ["--index", 1], ["--index", 2])):
        done = kzoo("plot", "activations", trained_run, *words, "--out", f"{number}.png")
        assert done.exit_code == 0, done.stderr
    first, second, third = (picture(here / f"{number}.png") for number in range(3))
    assert not np.array_equal(first, second)
    assert not np.array_equal(second, third)


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        (["activations", "RUN", "--index", "20"], 2, "the test set has 20 images"),
        (["activations", "RUN", "--index", "-1"], 2, "--index"),
        (["activations", "RUN", "--image", "none.png"], 3, "none.png"),
        (["activations", "RUN", "--layer", "conv9"], 2, "conv1"),
        (["kernels", "RUN", "--layer", "conv"], 2, "conv1"),
        (["curves", "RUN", "no-run"], 2, "no-run is not a run folder"),
        (["curves", "RUN", "--out", "nowhere/curves.png"], 3, "nowhere"),
        (["mistakes", "RUN", "--most", "0"], 2, "--most"),
        (["portrait", "RUN"], 2, "portrait"),
    ],
)
def test_what_cannot_be_drawn(kzoo, trained_run, here, words, exit_code, said):
    done = kzoo("plot", *(trained_run if word == "RUN" else word for word in words))
    assert done.exit_code == exit_code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(here.iterdir())


def test_a_picture_that_cannot_be_written_is_named(kzoo, trained_run, here):
    (here / "file").touch()
    done = kzoo("plot", "curves", trained_run, "--out", "file/curves.png")
    assert (done.exit_code, done.stderr) == (3, "kzoo: file/curves.png: Not a directory\n")


def test_no_window_is_needed_whatever_matplotlib_is_told(python, trained_run):
    words = ["kzoo", "plot", "confusion", str(trained_run), "--out", str(trained_run / "mine.png")]
    done = python(
        f"import sys; from kzoo.cli.main import main; sys.argv = {words}; main()", MPLBACKEND="nope"
    )
    assert (done.exit_code, done.stderr) == (0, "")
    assert (trained_run / "mine.png").is_file()


@pytest.mark.parametrize("kind", ["curves", "confusion"])
def test_a_run_that_has_not_finished(kzoo, trained_run, kind):
    (trained_run / "history.csv").unlink()
    (trained_run / "metrics.json").unlink()
    done = kzoo("plot", kind, trained_run)
    assert done.exit_code == 2
    assert "finish the run with kzoo train --resume" in done.stderr


def test_the_attention_of_a_run_on_pairs(kzoo, trained_pair_run, titles, here):
    kept = (trained_pair_run / "attention.png").read_bytes()
    done = kzoo("plot", "attention", trained_pair_run, "ab c[")
    assert done.exit_code == 0, done.stderr
    assert done.stdout == f"{trained_pair_run / 'attention-2.png'}\n"
    assert np.ptp(picture(trained_pair_run / "attention-2.png")) > 100
    assert (trained_pair_run / "attention.png").read_bytes() == kept, "the run's own"
    assert titles == ["pairs [run]: attention, ab c["]
    for number, words in enumerate((["ab c["], ["abcé", "--checkpoint", "best"], ["é[ab"])):
        kzoo("plot", "attention", trained_pair_run, *words, "--out", f"{number}.png")
    pictures = [picture(here / f"{number}.png") for number in range(3)]
    np.testing.assert_array_equal(pictures[0], picture(trained_pair_run / "attention-2.png"))
    assert not np.array_equal(pictures[1], pictures[2])


def test_the_curves_of_runs_on_pairs(kzoo, trained_pair_run, other_pair_run, here):
    kept = picture(trained_pair_run / "curves.png")
    assert np.ptp(kept) > 100
    for number, runs in enumerate(([trained_pair_run], [trained_pair_run, other_pair_run])):
        done = kzoo("plot", "curves", *runs, "--out", f"{number}.png")
        assert done.exit_code == 0, done.stderr
    assert not np.array_equal(picture(here / "0.png"), picture(here / "1.png"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["curves", "IMAGES", "PAIRS"], "draw runs of one task together"),
        (["curves", "PAIRS", "IMAGES"], "draw runs of one task together"),
        (["kernels", "PAIRS"], "kzoo plot kernels is for image classification"),
        (["activations", "PAIRS"], "kzoo plot activations is for image classification"),
        (["mistakes", "PAIRS"], "kzoo plot mistakes is for image classification"),
        (["confusion", "PAIRS"], "kzoo plot confusion is for image classification"),
        (
            ["attention", "IMAGES", "abc"],
            "kzoo plot attention is for sequence transduction, image captioning, speech",
        ),
        (["attention", "PAIRS", " "], "' ' has no characters"),
    ],
)
def test_what_does_not_go_with_a_run(kzoo, trained_run, trained_pair_run, here, words, said):
    runs = {"PAIRS": trained_pair_run, "IMAGES": trained_run}
    done = kzoo("plot", *(runs.get(word, word) for word in words))
    assert done.exit_code == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not list(here.iterdir())


@pytest.fixture
def titles(whole_caption_run, whole_speech_run, monkeypatch):
    """The titles of the pictures that are saved, without those of the trainings of the runs."""
    from kzoo.pictures import figure

    seen, save = [], figure.save

    def see(drawn, path):
        seen.append(drawn.get_suptitle())
        save(drawn, path)

    monkeypatch.setattr(figure, "save", see)
    return seen


@pytest.fixture
def inputs(own_captions, own_speech):
    """An image and a clip, each a file of the test set."""
    return {"IMAGE": own_captions / "images" / "[20].png", "CLIP": own_speech / "wavs" / "[20].wav"}


@pytest.mark.parametrize(
    ("kind", "family", "source"),
    [("attention", "caption", "IMAGE"), ("attention", "speech", "CLIP"), ("spectrogram", "speech", "CLIP")],
)
def test_the_pictures_of_an_image_or_a_clip(kzoo, request, inputs, titles, here, kind, family, source):
    run = request.getfixturevalue(f"trained_{family}_run")
    done = kzoo("plot", kind, run, inputs[source])
    assert done.exit_code == 0, done.stderr
    drawn = run / ("attention-2.png" if kind == "attention" else "spectrogram.png")
    assert done.stdout == f"{drawn}\n"
    assert np.ptp(picture(drawn)) > 100
    assert titles == [f"{run.name}: {kind}, {inputs[source].name}"]
    if kind == "spectrogram":
        other = inputs[source].with_stem("[21]")
        assert kzoo("plot", kind, run, other, "--out", "other.png").exit_code == 0
        assert not np.array_equal(picture(here / "other.png"), picture(drawn))


def test_the_curves_of_captioners_and_of_a_recogniser(
    kzoo, whole_caption_run, other_caption_run, whole_speech_run, here
):
    runs = ([whole_caption_run], [whole_caption_run, other_caption_run], [whole_speech_run])
    for number, folders in enumerate(runs):
        done = kzoo("plot", "curves", *folders, "--out", f"{number}.png")
        assert done.exit_code == 0, done.stderr
        assert np.ptp(picture(here / f"{number}.png")) > 100
    assert not np.array_equal(picture(here / "0.png"), picture(here / "1.png"))


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        (["curves", "CAPTIONS", "SPEECH"], 2, "draw runs of one task together"),
        (["spectrogram", "CAPTIONS", "CLIP"], 2, "kzoo plot spectrogram is for speech recognition"),
        (["spectrogram", "SPEECH", "IMAGE"], 3, "[20].png cannot be read"),
        (["spectrogram", "SPEECH", "none.wav"], 3, "none.wav does not exist"),
        (["spectrogram", "SPEECH", "CLIP", "--out", "nowhere/a.png"], 3, "nowhere"),
        (["attention", "WITHOUT", "IMAGE"], 2, "caption has no attention"),
        (["attention", "CAPTIONS", "CLIP"], 3, "[20].wav cannot be read"),
        (["attention", "CAPTIONS", "none.png"], 3, "none.png does not exist"),
        (["attention", "SPEECH", "IMAGE"], 3, "[20].png cannot be read"),
        (["confusion", "SPEECH"], 2, "kzoo plot confusion is for image classification"),
        (["kernels", "CAPTIONS"], 2, "kzoo plot kernels is for image classification"),
        (["mistakes", "CAPTIONS"], 2, "kzoo plot mistakes is for image classification"),
    ],
)
def test_what_cannot_be_drawn_of_captions_or_speech(kzoo, request, inputs, here, words, exit_code, said):
    runs = {"CAPTIONS": "whole_caption_run", "SPEECH": "whole_speech_run", "WITHOUT": "other_caption_run"}
    found = (
        request.getfixturevalue(runs[word]) if word in runs else inputs.get(word, word) for word in words
    )
    done = kzoo("plot", *found)
    assert done.exit_code == exit_code
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""
    assert not list(here.iterdir())


def test_a_spectrogram_needs_its_extra(kzoo, whole_speech_run, inputs, monkeypatch, here):
    monkeypatch.setitem(sys.modules, "soundfile", None)
    done = kzoo("plot", "spectrogram", whole_speech_run, inputs["CLIP"], "--out", "a.png")
    assert done.exit_code == 4
    assert done.stderr == "kzoo: reading sound files needs soundfile: pip install 'kzoo[speech]'\n"
    assert not list(here.iterdir())
