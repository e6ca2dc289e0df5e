"""What captioners and recognisers write about a user's own images and recordings."""

from __future__ import annotations

import csv
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from own_sets import write_wav
from PIL import Image


def read(kzoo, *words):
    done = kzoo("predict", *words, "--json")
    assert done.exit_code == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


def kept(run):
    """The predictions for the test set in a run folder."""
    with (run / "predictions.tsv").open(encoding="utf-8", newline="") as file:
        return [row["prediction"] for row in csv.DictReader(file, delimiter="\t")]


def written(answers):
    return [answer["predictions"][0]["text"] for answer in answers]


def scores(answers):
    return [guess["score"] for answer in answers for guess in answer["predictions"]]


@pytest.fixture
def photographs(own_captions, here):
    """The test images, and one of them as a larger photograph."""
    for index in range(20, 24):
        shutil.copy(own_captions / "images" / f"[{index}].png", here)
    with Image.open(here / "[23].png") as image:
        image.resize((48, 64)).save(here / "large.jpg")
    return ["[20].png", "[21].png", "[22].png", "[23].png", "large.jpg"]


@pytest.fixture
def recordings(own_speech, here):
    """The test clips: as WAV, as FLAC, in stereo, and at twice the sample rate."""
    samples = [soundfile.read(own_speech / "wavs" / f"[{index}].wav")[0] for index in range(20, 24)]
    soundfile.write(here / "[20].wav", samples[0], 8_000)
    soundfile.write(here / "[21].flac", samples[1], 8_000)
    soundfile.write(here / "stereo.wav", np.stack([samples[2], samples[2]], axis=1), 8_000)
    soundfile.write(here / "16 kHz.flac", soxr.resample(samples[3], 8_000, 16_000), 16_000)
    return ["[20].wav", "[21].flac", "stereo.wav", "16 kHz.flac"]


def test_images_of_any_size_and_format_get_the_captions_of_the_test(kzoo, whole_caption_run, photographs):
    answers = read(kzoo, whole_caption_run, *photographs)
    assert [answer["source"] for answer in answers] == photographs
    assert [answer["unknown"] for answer in answers] == [[]] * 5
    assert written(answers)[:4] == kept(whole_caption_run)
    assert len(set(scores(answers))) == 5
    done = kzoo("predict", whole_caption_run, photographs[1])
    assert done.exit_code == 0
    assert photographs[1] in done.stdout
    assert written(answers)[1] in done.stdout


def test_recordings_of_any_rate_and_format_get_the_texts_of_the_test(
    kzoo, whole_speech_run, own_speech, recordings
):
    """A clip at another sample rate is resampled: it scores as the clip of the set, which no other does."""
    of_set = [str(own_speech / "wavs" / f"[{index}].wav") for index in range(20, 24)]
    answers = read(kzoo, whole_speech_run, *recordings, *of_set)
    assert [answer["source"] for answer in answers] == [*recordings, *of_set]
    assert written(answers) == 2 * kept(whole_speech_run)
    differences = np.abs(np.subtract.outer(scores(answers[:4]), scores(answers[4:])))
    np.testing.assert_array_equal(differences.argmin(axis=1), np.arange(4))


def test_a_beam_tells_the_best_first(kzoo, whole_speech_run, recordings):
    answers = read(kzoo, whole_speech_run, *recordings[:2], "--decoding", "beam", "--beam", 3, "--top", 3)
    for answer in answers:
        assert scores([answer]) == sorted(scores([answer]), reverse=True)
        assert len({guess["text"] for guess in answer["predictions"]}) == 3


def test_captioners_with_and_without_attention_write_together(
    kzoo, whole_caption_run, other_caption_run, photographs
):
    apart = [read(kzoo, run, photographs[0]) for run in (whole_caption_run, other_caption_run)]
    together = scores(read(kzoo, whole_caption_run, photographs[0], "--with", other_caption_run))
    for answers in apart:
        assert together != pytest.approx(scores(answers), abs=1e-3)


def test_samples_are_as_many_as_asked_for(kzoo, whole_caption_run, photographs):
    words = ["--decoding", "nucleus", "--samples", 3, "--temperature", 2, "--top", 3]
    answers = read(kzoo, whole_caption_run, *photographs[:2], *words)
    assert [len(answer["predictions"]) for answer in answers] == [3, 3]
    assert len({guess["text"] for answer in answers for guess in answer["predictions"]}) > 1


@pytest.fixture
def spoilt(here):
    """Files that are no image and no recording, or not whole."""
    (here / "notes.png").write_text("no picture")
    (here / "notes.wav").write_text("no sound")
    (here / "empty.flac").write_bytes(b"")
    (here / "folder").mkdir()
    write_wav(here / "no samples.wav", np.zeros(0), 8_000)
    cut = write_wav(here / "cut.wav", np.zeros(400), 8_000)
    cut.write_bytes(cut.read_bytes()[:500])
    return here


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        (["notes.png"], 3, "notes.png cannot be read, it may be damaged or cut off: "),
        (["missing.jpg"], 3, "missing.jpg does not exist"),
        (["a red half above blue"], 3, "a red half above blue does not exist"),
        (["[20].wav"], 3, "[20].wav cannot be read"),
        (["folder"], 3, "folder has no image files"),
        (["--file", "notes.png"], 2, "--file is for texts; name image files as arguments"),
        (["--beam", "3"], 2, "--beam goes with --decoding beam, not greedy"),
        (["--with", "SPEECH"], 2, "--with is for runs of image captioning"),
        (["--with", "folder"], 2, "folder is not a run folder"),
    ],
)
@pytest.mark.usefixtures("recordings", "spoilt")
def test_what_is_nothing_for_a_captioner(
    kzoo, request, whole_caption_run, photographs, words, exit_code, said
):
    if "SPEECH" in words:
        words = ["--with", request.getfixturevalue("whole_speech_run")]
    assert_refused(
        kzoo("predict", whole_caption_run, *_beside(photographs[0], words), *words), exit_code, said
    )


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        (["notes.wav"], 3, "notes.wav cannot be read, it may be damaged or cut off: Format not recognised."),
        (["empty.flac"], 3, "empty.flac cannot be read"),
        (["no samples.wav"], 3, "no samples.wav holds no sound: it has no samples"),
        (["cut.wav"], 3, "cut.wav is cut off: it has 500 of 844 bytes"),
        (["missing.wav"], 3, "missing.wav does not exist"),
        (["what was said"], 3, "what was said does not exist"),
        (["[20].png"], 3, "[20].png cannot be read"),
        (["folder"], 3, "folder has no sound files"),
        (["--file", "notes.wav"], 2, "--file is for texts; name sound files as arguments"),
        (["--decoding", "beam", "--samples", "2"], 2, "--samples goes with --decoding nucleus, not beam"),
    ],
)
@pytest.mark.usefixtures("photographs", "spoilt")
def test_what_is_nothing_for_a_recogniser(kzoo, whole_speech_run, recordings, words, exit_code, said):
    assert_refused(kzoo("predict", whole_speech_run, *_beside(recordings[0], words), *words), exit_code, said)


def _beside(good, words):
    """A good file is what a wrong option stands beside; a bad file stands alone."""
    return [good] if words[0].startswith("--") else []


def assert_refused(done, exit_code, said):
    assert done.exit_code == exit_code, done.stderr
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_files_must_be_named(kzoo, whole_caption_run, whole_speech_run):
    assert_refused(kzoo("predict", whole_caption_run), 2, "name one or more image files as arguments")
    assert_refused(kzoo("predict", whole_speech_run), 2, "name one or more sound files as arguments")


def test_a_missing_extra_is_named(kzoo, whole_speech_run, recordings, monkeypatch):
    monkeypatch.setitem(sys.modules, "soxr", None)
    done = kzoo("predict", whole_speech_run, recordings[3])
    assert_refused(done, 4, "changing the sample rate of a clip needs soxr: pip install 'kzoo[speech]'")
    monkeypatch.setitem(sys.modules, "soundfile", None)
    done = kzoo("predict", whole_speech_run, recordings[0])
    assert_refused(done, 4, "reading sound files needs soundfile: pip install 'kzoo[speech]'")


def test_captions_need_no_extra_to_be_written(kzoo, whole_caption_run, photographs, monkeypatch):
    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    assert written(read(kzoo, whole_caption_run, photographs[0])) == kept(whole_caption_run)[:1]


def test_the_encoder_of_a_run_is_that_of_its_training(kzoo, region_run, photographs, tmp_path):
    run = Path(shutil.copytree(region_run, tmp_path / "run"))
    assert written(read(kzoo, run, *photographs))[0] == kept(run)[0]
    environment = json.loads((run / "environment.json").read_text())
    assert environment["data"]["encoder"].startswith("tiny-cnn ")
    environment["data"]["encoder"] += "0"  # that of other weights
    (run / "environment.json").write_text(json.dumps(environment))
    done = kzoo("predict", run, photographs[0])
    assert_refused(done, 3, f"is not the encoder that {run} was trained with")
