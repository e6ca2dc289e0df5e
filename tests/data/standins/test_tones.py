from __future__ import annotations

import subprocess
import sys
from itertools import groupby

import numpy as np
import pytest

from kzoo.data.speech.speech_set import SPEECH_VOCABULARY
from kzoo.data.standins.tones import LONGEST, RATE, SHORTEST, dial, make_speech_set
from kzoo.errors import UsageError

LOW, HIGH = np.array([400, 500, 625, 780, 975, 1_220]), np.array([1_525, 1_905, 2_380, 2_975, 3_720])
KEYS = ("abcdef", "ghijkl", "mnopqr", "stuvwx", "yz    ")
"""What is dialled by each high frequency, from the lowest low one to the highest."""


@pytest.fixture(scope="module")
def small():
    return make_speech_set(7, sizes=(30, 6, 6))


def read(clip: np.ndarray) -> str:
    """What an exchange hears: where it is loud, and which two tones are the strongest there."""
    loudness = np.convolve(clip**2, np.ones(64) / 64, mode="same")
    is_loud = loudness > np.median(np.sort(loudness)[-len(loudness) // 3 :]) / 8
    text, start = "", 0
    for loud, run in groupby(is_loud):
        length = len(list(run))
        if loud and length > RATE // 50:
            text += symbol(clip[start : start + length])
        start += length
    return text


def symbol(burst: np.ndarray) -> str:
    spectrum = np.abs(np.fft.rfft(burst * np.hanning(len(burst)), 8_192))
    frequencies = np.fft.rfftfreq(8_192, 1 / RATE)
    bands = (frequencies > 300) & (frequencies < 1_370), (frequencies > 1_370) & (frequencies < 4_200)
    low, high = (frequencies[np.argmax(spectrum * band)] for band in bands)
    row, column = (np.argmin(np.abs(np.log(table / tone))) for table, tone in ((LOW, low), (HIGH, high)))
    return KEYS[column][row]


def test_what_is_dialled_can_be_read():
    rng = np.random.default_rng(3)
    for text in ("the quick", "brown fox", "jumps over", "a lazy dog", "zzz aa", "x"):
        assert read(dial(rng, text, signal_to_noise=25)) == text


def test_clips_with_little_noise_can_be_read(small):
    rng = np.random.default_rng(5)
    for text in small.train.texts:
        assert read(dial(rng, "".join(text), signal_to_noise=20)) == "".join(text)


def test_a_clip_of_the_set_is_nearest_to_its_own_text(small):
    """At any noise: the tones of its letters are the strongest of all at their time, on the whole."""
    for clip, text in zip(small.test.clips, small.test.texts, strict=True):
        spectrum = np.abs(np.fft.rfft(clip, 1 << 17)) ** 2
        frequencies = np.fft.rfftfreq(1 << 17, 1 / RATE)
        power = {
            tone: spectrum[np.abs(frequencies / tone - 1) < 0.04].sum()
            for tone in (*LOW.tolist(), *HIGH.tolist())
        }
        used = {tone for letter in text for tone in tones_of(letter)}
        unused = [power[tone] for tone in power if tone not in used]
        assert min(power[tone] for tone in used) > max(unused, default=0)


def tones_of(letter: str) -> tuple[int, int]:
    column = next(number for number, row in enumerate(KEYS) if letter in row)
    return int(LOW[KEYS[column].index(letter)]), int(HIGH[column])


def test_the_ratio_of_signal_and_noise_is_as_asked():
    clip = dial(np.random.default_rng(0), "m" * 12, signal_to_noise=10).astype(float)
    noise = np.mean(clip[: RATE // 25] ** 2)  # nothing is dialled in the first 50 ms
    loudest = np.sort(np.convolve(clip**2, np.ones(800) / 800, mode="valid"))[-len(clip) // 4]
    assert 10 * np.log10(loudest / noise - 1) == pytest.approx(10, abs=1.5)


def test_clips_are_sounds_of_short_texts(small):
    for split in small.splits.values():
        for clip, text in zip(split.clips, split.texts, strict=True):
            assert clip.dtype == np.float32
            assert np.abs(clip).max() <= 1
            assert 0.3 * RATE < len(clip) < 3 * RATE
            assert SHORTEST <= len(text) <= LONGEST
            assert not SPEECH_VOCABULARY.unknown(text)
    assert small.rate == RATE
    assert small.origin.stand_in


def test_the_splits_share_no_text(small):
    texts = [text for split in small.splits.values() for text in split.texts]
    assert len(set(texts)) == len(texts) == 42
    names = [name for split in small.splits.values() for name in split.names]
    assert len(set(names)) == 42


def test_every_letter_is_dialled():
    texts = make_speech_set(1, sizes=(300, 1, 1)).train.texts
    assert {symbol for text in texts for symbol in text} == set("abcdefghijklmnopqrstuvwxyz ")


def test_a_seed_makes_the_same_samples_in_any_process(small):
    code = (
        "from kzoo.data.standins.tones import make_speech_set;"
        "print(make_speech_set(7, sizes=(30, 6, 6)).sha256())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == small.sha256()
    assert make_speech_set(8, sizes=(30, 6, 6)).sha256() != small.sha256()


def test_texts_can_be_shorter():
    short = make_speech_set(1, max_length=5, sizes=(20, 4, 4))
    assert max(len(text) for split in short.splits.values() for text in split.texts) == 5
    with pytest.raises(UsageError, match="too few texts of 3 characters; allow 12"):
        make_speech_set(1, max_length=3)
