"""Syllables in Morse code under noise, in place of recordings of speech."""

from __future__ import annotations

import numpy as np

from kzoo.data.origin import Origin
from kzoo.data.sieve import DroppedRows
from kzoo.data.speech import SpeechSet, SpeechSplit
from kzoo.errors import UsageError

RATE = 16_000
"""Samples a second."""

SHORTEST, LONGEST = 3, 12
"""Characters of a text."""

DEFAULT_SIZES = (2_000, 200, 200)

CODE = {
    **{"a": ".-", "b": "-...", "c": "-.-.", "d": "-..", "e": ".", "f": "..-.", "g": "--.", "h": "...."},
    **{"i": "..", "j": ".---", "k": "-.-", "l": ".-..", "m": "--", "n": "-.", "o": "---", "p": ".--."},
    **{"q": "--.-", "r": ".-.", "s": "...", "t": "-", "u": "..-", "v": "...-", "w": ".--", "x": "-..-"},
    **{"y": "-.--", "z": "--.."},
}
"""International Morse code (ITU-R M.1677-1): a dot lasts 1 unit, a dash 3, the gap within a letter 1."""

LETTER_GAP, WORD_GAP = 3, 7
"""Units of silence between two letters and two words."""

WORDS_A_MINUTE = (20, 35)
"""The speed. A word of fifty units ("paris" and the gap after it) is the measure of it."""

MOST_SECONDS = 3.6
"""The longest text; one that would take longer is keyed faster."""

SIGNAL_TO_NOISE = (5, 25)
"""Decibels of the power of the tone over that of white noise."""

_CONSONANTS, _VOWELS = tuple("bcdfghjklmnpqrstvwxz"), tuple("aeiouy")

_RAMP = RATE // 200
"""A tone swells and fades for 5 ms, or it would click."""


def make_speech_set(
    seed: int, max_length: int = LONGEST, sizes: tuple[int, int, int] = DEFAULT_SIZES
) -> SpeechSet:
    """Training, validation and test clips of different texts, of one to five seconds.

    Args:
        seed: the same seed gives the same samples; not negative.
        max_length: the longest text in characters; none is longer than 12.
        sizes: how many clips each split has.

    Raises:
        UsageError: there are not enough texts that short.
    """
    if max_length <= SHORTEST:
        raise UsageError(f"there are too few texts of {max_length} characters to learn from; allow {LONGEST}")
    rng = np.random.default_rng(seed)
    texts = _texts(rng, sum(sizes), min(max_length, LONGEST))
    ends = np.cumsum(sizes)
    train, validation, test = (
        SpeechSplit.of(
            (f"{name}-{index:04}", key(rng, texts[index]), tuple(texts[index]))
            for index in range(end - size, end)
        )
        for name, size, end in zip(("train", "validation", "test"), sizes, ends.tolist(), strict=True)
    )
    origin = Origin("morse", f"made with seed {seed}", stand_in=True)
    return SpeechSet(train, validation, test, RATE, origin, DroppedRows({}, ()))


def key(rng: np.random.Generator, text: str, signal_to_noise: float | None = None) -> np.ndarray:
    """A text of letters and spaces as a clip, float32 `(length,)` in [-1, 1].

    Its pitch, loudness, speed, the length of each mark and gap, the silence around it and, if None is given,
    the signal-to-noise ratio in decibels are drawn.
    """
    durations = np.array(_durations(text))
    fastest, slowest = 1.2 / max(WORDS_A_MINUTE), 1.2 / min(WORDS_A_MINUTE)
    unit = rng.uniform(fastest, np.clip(MOST_SECONDS / np.abs(durations).sum(), fastest, slowest))
    seconds = unit * np.abs(durations) * rng.uniform(0.9, 1.1, len(durations))
    before, after = rng.uniform(0.05, 0.2, 2)
    ends = np.cumsum(RATE * np.array([before, *seconds, after])).astype(int)
    level = np.array([0, *(durations > 0), 0], float)
    edges = np.stack([ends[:-1], ends[:-1] + _RAMP], axis=1).ravel()
    samples = np.arange(ends[-1])
    envelope = np.interp(samples, edges, np.stack([level[:-1], level[1:]], axis=1).ravel())

    amplitude, pitch, phase = rng.uniform(0.1, 0.4), rng.uniform(500, 900), rng.uniform(0, 2 * np.pi)
    tone = amplitude * envelope * np.sin(2 * np.pi * pitch / RATE * samples + phase)
    decibels = rng.uniform(*SIGNAL_TO_NOISE) if signal_to_noise is None else signal_to_noise
    noise = rng.standard_normal(len(samples), np.float32) * (amplitude / np.sqrt(2) * 10 ** (-decibels / 20))
    return np.clip(tone + noise, -1, 1).astype(np.float32)


def _durations(text: str) -> list[int]:
    """The units of each mark, and of each gap with a minus, in their order."""
    durations: list[int] = []
    for word in text.split():
        for letter in word:
            for mark in CODE[letter]:
                durations += [1 if mark == "." else 3, -1]
            durations[-1] = -LETTER_GAP
        durations[-1] = -WORD_GAP
    return durations[:-1]


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
