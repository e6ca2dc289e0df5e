"""Reader of audio files, with resampling."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from kzoo.data.errors import regular, unreadable
from kzoo.errors import DataError
from kzoo.extras import require

Clip = Path | np.ndarray
"""The path of an audio file, or float32 samples `(length,)` that kzoo generated."""

SUFFIXES = frozenset({".aif", ".aiff", ".flac", ".mp3", ".oga", ".ogg", ".opus", ".wav"})
"""The suffixes of audio files."""

_UNKNOWN_SIZE = 0x7FFFF000
"""A WAV length from here on is a placeholder, written by programs that do not know it, as on a pipe."""


def read_audio(path: Path, rate: int) -> np.ndarray:
    """Read an audio file as float32 samples `(length,)` in [-1, 1], at `rate` samples per second.

    WAV, FLAC and the other formats of libsndfile are supported. Channels are averaged. A file with another
    sample rate is resampled.

    Raises:
        DataError: the file is missing, damaged, empty, or not an audio file.
        MissingExtraError: the extra `speech` is not installed.
    """
    samples, found = decode_audio(path)
    return resample(samples, found, rate)


def decode_audio(path: Path) -> tuple[np.ndarray, int]:
    """Read an audio file at its own sample rate and return the samples and this rate.

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
        raise DataError(f"{path} is damaged: it holds samples that are not finite numbers")
    return np.clip(samples, -1, 1), rate


def sample_rate(path: Path) -> int:
    """Read the sample rate from the header of an audio file. Raises as `read_audio`."""
    return _read_header(path).samplerate


def _read_header(path: Path) -> Any:
    soundfile = require("soundfile", "speech", "reading sound files")
    try:
        with regular(path).open("rb") as file:
            return soundfile.info(file)
    except (OSError, soundfile.SoundFileError) as error:
        raise _unreadable(path, error) from error


def sample_count(clip: Clip, rate: int) -> int:
    """Return the length of a clip at `rate`, to within one sample for a file. Raises as `read_audio`."""
    if not isinstance(clip, Path):
        return len(clip)
    info = _read_header(clip)
    return round(info.frames * rate / info.samplerate)


def resample(samples: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """Resample `(length,)` from `rate` to `wanted`, to at least one sample. Raises MissingExtraError."""
    if rate == wanted:
        return samples
    soxr = require("soxr", "speech", "changing the sample rate of a clip")
    resampled = soxr.resample(samples, rate, wanted)
    return np.clip(resampled, -1, 1) if len(resampled) else samples[:1]


def _unreadable(path: Path, error: Exception) -> DataError:
    """Return a DataError with libsndfile's message, without the file object that it puts first."""
    return unreadable(path, getattr(error, "error_string", error))


def _check_length(path: Path, start: bytes) -> None:
    """Raise DataError if a WAV is shorter than its header says, which libsndfile does not report."""
    size = int.from_bytes(start[4:], "little")
    if start[:4] == b"RIFF" and path.stat().st_size < size + 8 <= _UNKNOWN_SIZE:
        raise DataError(f"{path} is cut off: it has {path.stat().st_size:,} of {size + 8:,} bytes")
