"""A stand-in for recordings of speech: texts dialled as on a telephone, with a pair of tones for each letter.

As in speech, the short-time spectrum identifies a letter, pitch and pace vary, and the model must find the
alignment. R004's recognisers learn it in fifteen epochs, minutes on a CPU. They did not learn Morse code,
because a Morse letter is a rhythm of half a second, of which two convolutions of three frames see little.
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
"""The sample rate, in samples per second."""

SHORTEST, LONGEST = 3, 12
"""The fewest and the most characters in a text."""

DEFAULT_SIZES = (2_000, 200, 200)

SYMBOLS = ascii_lowercase + " "
LOW, HIGH = (400, 500, 625, 780, 975, 1_220), (1_525, 1_905, 2_380, 2_975, 3_720)
"""Frequencies in Hz. Symbol i has the tones LOW[i % 6] and HIGH[i // 6]."""

PITCH = (0.97, 1.03)
"""The range of the factor by which all frequencies of a clip are multiplied."""

SECONDS, GAP_SECONDS, SILENT_SECONDS = (0.08, 0.14), (0.01, 0.03), (0.05, 0.2)
"""The ranges of the durations of a symbol, of the gap between symbols, and of the silence at both ends."""

UNEVENNESS = (0.8, 1.2)
"""The range of the factor by which the duration of each symbol in a clip is multiplied."""

SIGNAL_TO_NOISE = (5, 25)
"""The range of the signal-to-noise ratio, a pair of tones to white noise, in decibels."""

_RAMP_SECONDS = 0.008
"""The duration of the fade at both ends of a tone, which prevents clicks."""

_CONSONANTS, _VOWELS = tuple("bcdfghjklmnpqrstvwxz"), tuple("aeiouy")


def make_speech_set(
    seed: int, max_length: int = LONGEST, sizes: tuple[int, int, int] | None = None
) -> SpeechSet:
    """Generate training, validation and test clips with different texts, about 0.5 to 2.5 seconds long.

    Args:
        seed: the same seed gives the same samples; not negative.
        max_length: the most characters in a text. No text is longer than 12.
        sizes: the number of clips in each split, by default `DEFAULT_SIZES`.

    Raises:
        UsageError: `max_length` is so small that there are not enough different texts.
    """
    if max_length <= SHORTEST:
        raise UsageError(f"there are too few texts of {max_length} characters; allow {LONGEST}")
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
    """Convert a text of letters and spaces to a clip, float32 `(length,)` in [-1, 1].

    Pitch, loudness, pace and silences are drawn at random. So is `signal_to_noise`, in decibels, if it is
    None.
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
    """Return the pair of tones of a symbol: the mean of two sines, with power 1 / 4."""
    column, row = SYMBOLS.index(symbol) // len(LOW), SYMBOLS.index(symbol) % len(LOW)
    time = np.arange(int(seconds * RATE)) / RATE
    envelope = np.minimum(1, np.minimum(time, seconds - time) / _RAMP_SECONDS)
    return envelope * sum(np.sin(2 * np.pi * pitch * tone * time) for tone in (LOW[row], HIGH[column])) / 2


def _silence(rng: np.random.Generator, seconds: tuple[float, float]) -> np.ndarray:
    return np.zeros(int(rng.uniform(*seconds) * RATE))


def _texts(rng: np.random.Generator, count: int, max_length: int) -> list[str]:
    """Draw `count` different texts of one or two words."""
    texts: dict[str, None] = {}
    while len(texts) < count:
        text = " ".join(_word(rng) for _ in range(rng.integers(1, 3)))
        if SHORTEST <= len(text) <= max_length:
            texts[text] = None
    return list(texts)


def _word(rng: np.random.Generator) -> str:
    """Draw a word of one or two syllables (consonant, vowel, often a consonant), as "ba" or "zuxen"."""
    letters = ""
    for _ in range(rng.integers(1, 3)):
        first, last = rng.choice(_CONSONANTS, 2)
        letters += first + rng.choice(_VOWELS) + (last if rng.random() < 0.4 else "")
    return letters
