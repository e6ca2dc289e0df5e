"""Reader of audio files and of samples in memory, with resampling."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from kzoo.data.errors import regular, unreadable
from kzoo.errors import DataError, UsageError
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
    return _to_mono(channels, path), rate


def convert_samples(samples: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """Convert samples in memory as `read_audio` does those of a file.

    Args:
        samples: `(length,)` or `(length, channels)`, as floats in [-1, 1] or as signed integers.
        rate: their number per second.
        wanted: the number per second of the returned samples.

    Raises:
        UsageError: the array or the rate cannot be those of a sound.
        DataError: there are no samples, or they are not finite.
        MissingExtraError: as `read_audio`.
    """
    name = f"an array of shape {samples.shape} and type {samples.dtype}"
    if samples.ndim not in (1, 2) or samples.dtype.kind not in "fi":
        raise UsageError(
            f"{name} is not a sound: expected (length,) or (length, channels), floats in [-1, 1] or signed "
            "integers"
        )
    if not rate >= 1:
        raise UsageError(f"a sound cannot have {rate} samples per second")
    scale = -float(np.iinfo(samples.dtype).min) if samples.dtype.kind == "i" else 1.0
    channels = (samples if samples.ndim == 2 else samples[:, np.newaxis]) / scale
    return resample(_to_mono(channels.astype(np.float32), name), int(rate), wanted)


def _to_mono(channels: np.ndarray, name: object) -> np.ndarray:
    """Average channels `(length, channels)`. Raises DataError if there is no sound in them."""
    if not len(channels):
        raise DataError(f"{name} holds no sound: it has no samples")
    samples = channels.mean(axis=1, dtype=np.float32)
    if not np.isfinite(samples).all():
        raise DataError(f"{name} is damaged: it holds samples that are not finite numbers")
    return np.clip(samples, -1, 1)


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
