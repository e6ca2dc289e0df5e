"""Texts dialled as on a telephone, a pair of tones for each letter, in place of recordings of speech.

As in speech, a letter is in the spectrum of a short time, pitch and pace vary, and what comes when is for the
model to find out. R004's recognisers learn it in fifteen epochs, minutes on a CPU. They did not learn Morse
code: there a letter is a rhythm of half a second, of which two convolutions of three frames see little.
"""

from __future__ import annotations

from string import ascii_lowercase

import numpy as np

from kzoo.data.origin import Origin
from kzoo.data.row_filter import DroppedRows
from kzoo.data.speech.speech_set import SpeechSet, SpeechSplit
from kzoo.data.splits import SPLITS
from kzoo.errors import UsageError

RATE = 16_000
"""Samples a second."""

SHORTEST, LONGEST = 3, 12
"""Characters of a text."""

DEFAULT_SIZES = (2_000, 200, 200)

SYMBOLS = ascii_lowercase + " "
LOW, HIGH = (400, 500, 625, 780, 975, 1_220), (1_525, 1_905, 2_380, 2_975, 3_720)
"""Frequencies in Hz: symbol i has number i % 6 of the low ones and i // 6 of the high ones."""

PITCH = (0.97, 1.03)
"""By how much all frequencies of a clip are off."""

SECONDS, GAP_SECONDS, SILENT_SECONDS = (0.08, 0.14), (0.01, 0.03), (0.05, 0.2)
"""How long a symbol sounds, the time between two, and before the first and after the last."""

UNEVENNESS = (0.8, 1.2)
"""By how much a symbol differs from the others of its clip in length."""

SIGNAL_TO_NOISE = (5, 25)
"""Decibels of the power of a pair of tones over that of white noise."""

_RAMP_SECONDS = 0.008
"""A tone swells and fades, or it would click."""

_CONSONANTS, _VOWELS = tuple("bcdfghjklmnpqrstvwxz"), tuple("aeiouy")


def make_speech_set(
    seed: int, max_length: int = LONGEST, sizes: tuple[int, int, int] | None = None
) -> SpeechSet:
    """Training, validation and test clips of different texts, of half a second to two seconds and a half.

    Args:
        seed: the same seed gives the same samples; not negative.
        max_length: the longest text in characters; none is longer than 12.
        sizes: how many clips each split has, by default `DEFAULT_SIZES`.

    Raises:
        UsageError: there are not enough texts that short.
    """
    if max_length <= SHORTEST:
        raise UsageError(f"there are too few texts of {max_length} characters to learn from; allow {LONGEST}")
    rng, sizes = np.random.default_rng(seed), sizes or DEFAULT_SIZES
    texts = _texts(rng, sum(sizes), min(max_length, LONGEST))
    ends = np.cumsum(sizes)
    train, validation, test = (
        SpeechSplit.of(
            (f"{name}-{index:04}", dial(rng, texts[index]), tuple(texts[index]))
            for index in range(end - size, end)
        )
        for name, size, end in zip(SPLITS, sizes, ends.tolist(), strict=True)
    )
    origin = Origin("tones", f"made with seed {seed}", stand_in=True)
    return SpeechSet(train, validation, test, RATE, DroppedRows({}, ()), origin=origin)


def dial(rng: np.random.Generator, text: str, signal_to_noise: float | None = None) -> np.ndarray:
    """A text of letters and spaces as a clip, float32 `(length,)` in [-1, 1].

    Its pitch, loudness, pace, the silence in and around it are drawn, and so is the signal-to-noise ratio in
    decibels if None is given.
    """
    pitch, amplitude, seconds = rng.uniform(*PITCH), rng.uniform(0.1, 0.4), rng.uniform(*SECONDS)
    parts = [_silence(rng, SILENT_SECONDS)]
    for symbol in text:
        parts += [_pair(symbol, pitch, seconds * rng.uniform(*UNEVENNESS)), _silence(rng, GAP_SECONDS)]
    clean = amplitude * np.concatenate([*parts, _silence(rng, SILENT_SECONDS)])
    decibels = rng.uniform(*SIGNAL_TO_NOISE) if signal_to_noise is None else signal_to_noise
    noise = rng.standard_normal(len(clean)) * (amplitude / 2 * 10 ** (-decibels / 20))
    return np.clip(clean + noise, -1, 1).astype(np.float32)


def _pair(symbol: str, pitch: float, seconds: float) -> np.ndarray:
    """Two sines in equal parts, of power 1 / 4."""
    column, row = SYMBOLS.index(symbol) // len(LOW), SYMBOLS.index(symbol) % len(LOW)
    time = np.arange(int(seconds * RATE)) / RATE
    envelope = np.minimum(1, np.minimum(time, seconds - time) / _RAMP_SECONDS)
    return envelope * sum(np.sin(2 * np.pi * pitch * tone * time) for tone in (LOW[row], HIGH[column])) / 2


def _silence(rng: np.random.Generator, seconds: tuple[float, float]) -> np.ndarray:
    return np.zeros(int(rng.uniform(*seconds) * RATE))


def _texts(rng: np.random.Generator, count: int, max_length: int) -> list[str]:
    """Different texts of one or two words, in which each letter has its chance."""
    texts: dict[str, None] = {}
    while len(texts) < count:
        text = " ".join(_word(rng) for _ in range(rng.integers(1, 3)))
        if SHORTEST <= len(text) <= max_length:
            texts[text] = None
    return list(texts)


def _word(rng: np.random.Generator) -> str:
    """One or two syllables, each a consonant and a vowel and often a consonant: "ba", "zuxen"."""
    letters = ""
    for _ in range(rng.integers(1, 3)):
        first, last = rng.choice(_CONSONANTS, 2)
        letters += first + rng.choice(_VOWELS) + (last if rng.random() < 0.4 else "")
    return letters
