from __future__ import annotations

import subprocess
import sys
from itertools import groupby

import numpy as np
import pytest

from kzoo.data.speech import SPEECH_VOCABULARY
from kzoo.data.standins.morse import CODE, LONGEST, RATE, SHORTEST, key, make_speech_set
from kzoo.errors import UsageError

LETTERS = (
    "a .-,b -...,c -.-.,d -..,e .,f ..-.,g --.,h ....,i ..,j .---,k -.-,l .-..,m --,n -.,o ---,p .--.,"
    "q --.-,r .-.,s ...,t -,u ..-,v ...-,w .--,x -..-,y -.--,z --.."
)


@pytest.fixture(scope="module")
def small():
    return make_speech_set(7, sizes=(30, 6, 6))


def read(clip: np.ndarray) -> str:
    """What an operator hears: how long the tone lasts and how long it is silent."""
    pitch = np.argmax(np.abs(np.fft.rfft(clip))) / len(clip)
    window = np.hanning(RATE // 80)
    loudness = np.abs(
        np.convolve(clip * np.exp(-2j * np.pi * pitch * np.arange(len(clip))), window, mode="same")
    )
    threshold = np.quantile(loudness, 0.95) / 2
    runs = [(on, len(list(run))) for on, run in groupby(loudness > threshold)][1:-1]
    marks, gaps = ([length for is_on, length in runs if is_on == wanted] for wanted in (True, False))
    unit = unit_of(marks, gaps)
    mark_or_gap = {True: ("", ".", "-", "-"), False: ("", "", "/", "/ /")}
    nearest = np.searchsorted((0, 2, 5), [length / unit for _, length in runs])
    code = "".join(mark_or_gap[bool(on)][size] for (on, _), size in zip(runs, nearest, strict=True))
    letters = {code: name for name, code in (pair.split() for pair in LETTERS.split(","))} | {" ": " "}
    return "".join(letters[letter] for letter in code.split("/"))


def unit_of(marks: list[int], gaps: list[int]) -> float:
    """The unit for which marks are nearest to 1 or 3 and gaps to 1, 3 or 7 of it."""

    def misfit(unit: float) -> float:
        distances = [min(abs(np.log(mark / (n * unit))) for n in (1, 3)) for mark in marks]
        distances += [min(abs(np.log(gap / (n * unit))) for n in (1, 3, 7)) for gap in gaps]
        return sum(np.square(distances))

    return min(np.linspace(1.2 / 36, 1.2 / 19, 60) * RATE, key=misfit)


def test_the_code_is_the_international_one():
    assert ",".join(f"{name} {code}" for name, code in CODE.items()) == LETTERS


def test_what_was_keyed_can_be_read():
    rng = np.random.default_rng(3)
    for text in ("paris", "the quick", "fox jumps", "over", "lazy dog", "bv gkhw", "aeiou nt", "zzz"):
        assert read(key(rng, text, signal_to_noise=30)) == text


def test_every_clip_can_be_read(small):
    for clip, text in zip(small.train.clips, small.train.texts, strict=True):
        assert read(clip) == "".join(text)


def test_the_ratio_of_signal_and_noise_is_as_asked():
    rng = np.random.default_rng(0)
    clip = key(rng, "t" * 12, signal_to_noise=10)
    silent = clip[: RATE // 25]  # nothing is keyed in the first 50 ms
    noise = np.mean(silent.astype(float) ** 2)
    loudest = max(
        np.mean(clip[start : start + 800].astype(float) ** 2) for start in range(0, len(clip) - 800, 400)
    )
    assert 10 * np.log10(loudest / noise - 1) == pytest.approx(10, abs=1.5)


def test_clips_are_sound_of_one_to_five_seconds(small):
    for split in small.splits.values():
        for clip, text in zip(split.clips, split.texts, strict=True):
            assert clip.dtype == np.float32
            assert np.abs(clip).max() <= 1
            assert 0.5 * RATE < len(clip) < 6 * RATE
            assert SHORTEST <= len(text) <= LONGEST
            assert not SPEECH_VOCABULARY.unknown(text)
    assert small.rate == RATE
    assert small.origin.stand_in


def test_the_splits_share_no_text(small):
    texts = [text for split in small.splits.values() for text in split.texts]
    assert len(set(texts)) == len(texts) == 42
    names = [name for split in small.splits.values() for name in split.names]
    assert len(set(names)) == 42


def test_a_seed_makes_the_same_samples_in_any_process(small):
    code = (
        "from kzoo.data.standins.morse import make_speech_set;"
        "print(make_speech_set(7, sizes=(30, 6, 6)).sha256())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == small.sha256()
    assert make_speech_set(8, sizes=(30, 6, 6)).sha256() != small.sha256()


def test_texts_can_be_shorter():
    short = make_speech_set(1, max_length=5, sizes=(20, 4, 4))
    assert max(len(text) for split in short.splits.values() for text in split.texts) == 5
    with pytest.raises(UsageError, match="too few texts of 3 characters to learn from; allow 12"):
        make_speech_set(1, max_length=3)
