"""Sound files as samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from kzoo.data.errors import regular, unreadable
from kzoo.errors import DataError
from kzoo.extras import require

Clip = Path | np.ndarray
"""A sound file, or float32 samples `(length,)` where kzoo made them."""

SUFFIXES = frozenset({".aif", ".aiff", ".flac", ".mp3", ".oga", ".ogg", ".opus", ".wav"})
"""The files of a folder that are taken for sound."""

_UNKNOWN_SIZE = 0x7FFFF000
"""From here on a WAV's length is what programs write that do not know it, as when they write to a pipe."""


def read_audio(path: Path, rate: int) -> np.ndarray:
    """The samples of a sound file in float32, `(length,)`: one channel in [-1, 1], `rate` of them a second.

    WAV, FLAC and what else libsndfile reads. Channels are averaged; a file of another rate is resampled.

    Raises:
        DataError: the file is missing, damaged, empty, or no sound file.
        MissingExtraError: the extra `speech` is not installed.
    """
    samples, found = decode_audio(path)
    return resample(samples, found, rate)


def decode_audio(path: Path) -> tuple[np.ndarray, int]:
    """The samples of a sound file as `read_audio` gives them, at the file's own rate, and this rate.

    Raises:
        DataError, MissingExtraError: as `read_audio`.
    """
    soundfile = require("soundfile", "speech", "reading sound files")
    try:
        with regular(path).open("rb") as file:
            _check_length(path, file.read(8))
            file.seek(0)
            channels, rate = soundfile.read(file, dtype="float32", always_2d=True)
    except (OSError, soundfile.SoundFileError) as error:
        raise _unreadable(path, error) from error
    if not len(channels):
        raise DataError(f"{path} holds no sound: it has no samples")
    samples = channels.mean(axis=1, dtype=np.float32)
    if not np.isfinite(samples).all():
        raise DataError(f"{path} is damaged: it holds samples that are no numbers")
    return np.clip(samples, -1, 1), rate


def sample_rate(path: Path) -> int:
    """The samples a second of a sound file, from its header. Raises as `read_audio`."""
    return _read_header(path).samplerate


def _read_header(path: Path) -> Any:
    soundfile = require("soundfile", "speech", "reading sound files")
    try:
        with regular(path).open("rb") as file:
            return soundfile.info(file)
    except (OSError, soundfile.SoundFileError) as error:
        raise _unreadable(path, error) from error


def sample_count(clip: Clip, rate: int) -> int:
    """How many samples of this rate a clip has, by a file's header to within one. Raises as `read_audio`."""
    if not isinstance(clip, Path):
        return len(clip)
    info = _read_header(clip)
    return round(info.frames * rate / info.samplerate)


def resample(samples: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """Samples `(length,)` of one rate at another, at least one of them. Raises MissingExtraError."""
    if rate == wanted:
        return samples
    soxr = require("soxr", "speech", "changing the sample rate of a clip")
    resampled = soxr.resample(samples, rate, wanted)
    return np.clip(resampled, -1, 1) if len(resampled) else samples[:1]


def _unreadable(path: Path, error: Exception) -> DataError:
    """libsndfile's own words, if it has any: its errors put the file object before them."""
    return unreadable(path, getattr(error, "error_string", error))


def _check_length(path: Path, start: bytes) -> None:
    """A WAV that was cut off is read without complaint, up to where it ends; its header knows better."""
    size = int.from_bytes(start[4:], "little")
    if start[:4] == b"RIFF" and path.stat().st_size < size + 8 <= _UNKNOWN_SIZE:
        raise DataError(f"{path} is cut off: it has {path.stat().st_size:,} of {size + 8:,} bytes")
