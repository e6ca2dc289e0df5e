from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import own_sets
import pytest

from kzoo.data.speech.audio import sample_rate
from kzoo.data.speech.cards import SPEECH_SETS
from kzoo.data.speech.layouts import an4_speaker
from kzoo.data.speech.load import holds_speech, load_speech_set
from kzoo.data.speech.speech_set import SPEECH_VOCABULARY
from kzoo.data.standins import tones
from kzoo.errors import DataError, UsageError

REAL = os.environ.get("KZOO_DATA")  # before the fixture hides it


@pytest.fixture
def spoken(tmp_path, write_speech) -> Path:
    return write_speech(tmp_path / "mine", {f"c{number}": "yes" * (number + 1) for number in range(8)})


@pytest.fixture
def small_tones(monkeypatch) -> None:
    monkeypatch.setattr(tones.make_speech_set, "__defaults__", (tones.LONGEST, (5, 2, 2)))


def test_a_published_set_that_is_found(spoken):
    speech_set = load_speech_set("lj-speech", data_dir=spoken, require_data=True)
    assert speech_set.origin.location == str(spoken)
    assert not speech_set.origin.stand_in
    assert speech_set.rate == SPEECH_SETS["lj-speech"].rate
    assert [len(split) for split in speech_set.splits.values()] == [5, 1, 2]
    cut = load_speech_set("lj-speech", data_dir=spoken, max_length=5)
    assert cut.test.texts == (tuple("yesye"),) * 2


def test_a_path_is_the_user_s_own_folder_at_its_own_rate(spoken, monkeypatch):
    monkeypatch.chdir(spoken.parent)
    for given in (spoken, str(spoken), "mine"):
        speech_set = load_speech_set(given)
        assert speech_set.origin.name == "mine"
        assert speech_set.rate == sample_rate(speech_set.train.clips[0]) == 8_000
        assert len(speech_set.train) == 5
    assert holds_speech(spoken)
    assert not holds_speech(spoken / "wavs")

    with pytest.raises(DataError, match=r"holds no validation clips .*: 7 rows left out, longer than 3"):
        load_speech_set(spoken, max_length=3)


def test_a_user_s_own_clips_are_heard_at_no_higher_rate_than_r004_s(tmp_path):
    assert load_speech_set(own_sets.write_speech(tmp_path / "high", 44_100)).rate == 22_050


@pytest.mark.usefixtures("small_tones")
def test_tones_stands_in_for_speech():
    speech_set = load_speech_set("an4", seed=3)
    assert speech_set.origin.stand_in
    assert speech_set.origin.name == "tones"
    assert load_speech_set("tones", seed=3).sha256() == speech_set.sha256()
    assert load_speech_set("lj-speech", stand_in="tones", seed=4).sha256() != speech_set.sha256()


def test_required_data_is_no_stand_in():
    with pytest.raises(DataError, match=r"an4 was not found in .*; download it with: kzoo data fetch an4"):
        load_speech_set("an4", require_data=True)
    with pytest.raises(DataError, match="tones is a stand-in"):
        load_speech_set("tones", require_data=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_length": 0}, "cannot be 0 characters long"),
        ({"seed": -1}, "drawn with seed -1"),
        ({"max_length": 3}, "too few texts of 3 characters"),
    ],
)
def test_options_that_do_not_fit(options, message):
    with pytest.raises(UsageError, match=message):
        load_speech_set("tones", **options)


def test_an_unknown_name_or_another_folder_is_named(tmp_path):
    with pytest.raises(UsageError, match="'lj_speech'; did you mean 'lj-speech'"):
        load_speech_set("lj_speech")
    with pytest.raises(DataError, match=r"holds no spoken texts: expected a folder with metadata\.csv"):
        load_speech_set(tmp_path)


def test_nothing_heavy_is_imported(spoken):
    code = (
        "import sys; from kzoo.data.speech.load import load_speech_set;"
        f"load_speech_set('lj-speech', data_dir=__import__('pathlib').Path({str(spoken)!r})).sha256();"
        "heavy = {'keras', 'PIL', 'matplotlib', 'soundfile', 'soxr', 'tensorflow', 'torch', 'jax'};"
        "print(heavy & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_an4(monkeypatch):
    if not (REAL and (Path(REAL) / "an4").is_dir()):
        pytest.skip("KZOO_DATA has no an4")
    monkeypatch.setenv("KZOO_DATA", REAL)
    speech_set, card = load_speech_set("an4", require_data=True), SPEECH_SETS["an4"]
    assert {name: len(split) for name, split in speech_set.splits.items()} == card.sizes
    assert sample_rate(speech_set.test.clips[0]) == card.rate
    assert speech_set.dropped.counts == {}
    speakers = [set(map(an4_speaker, split.names)) for split in speech_set.splits.values()]
    assert [len(found) for found in speakers] == [66, 8, 10]
    assert len(set.union(*speakers)) == 84
    texts = [text for split in speech_set.splits.values() for text in split.texts]
    assert not any(SPEECH_VOCABULARY.unknown(text) for text in texts)
    assert all(isinstance(clip, Path) and clip.is_file() for clip in speech_set.train.clips)
    assert np.unique([len(split.clips) - len(split) for split in speech_set.splits.values()]).tolist() == [0]
