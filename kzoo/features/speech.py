"""The spectrograms of a set's clips."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kzoo.data.speech.audio import Clip, read_audio, sample_count
from kzoo.layers import LogMelSpectrogram
from kzoo.training.engines import engine

BATCH_SAMPLES = 1 << 20
"""How many samples are transformed at once; a longer clip is by itself."""

SHORTEST = 1 << 12
"""The samples to which the shortest clips are padded: a million clips of one sample are no batch."""

Batch = tuple[list[int], list[np.ndarray]]
"""The rows of some clips, and their samples."""


def spectrograms(
    clips: Sequence[Clip], transform: LogMelSpectrogram, max_frames: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The spectrograms of all clips, each of which depends on its clip alone.

    Args:
        clips: files, which are read at `transform.rate`, or samples of this rate.
        transform: computes them.
        max_frames: how many frames of a longer clip are kept (2,754 in R004).

    Returns:
        Frames `(count, longest, mels)` in float32, zero after the end of each clip, and how many of each are
        real, `(count,)` in int32.

    Raises:
        DataError: a file is missing or damaged.
        MissingExtraError: a file is to be read without the extra `speech`.
    """
    compiled = _compile(transform)
    found = [np.zeros((0, transform.mels), np.float32)] * len(clips)
    for rows, batch in _batches(clips, transform.rate):
        outputs = keras.ops.convert_to_numpy(compiled(*_stack(batch)))
        for row, samples, frames in zip(rows, batch, outputs, strict=False):  # the batch is filled up
            found[row] = frames[: transform.frames(len(samples))][:max_frames].copy()
    return _pad(found, transform.mels)


def cut_clips(clips: Sequence[Clip], transform: LogMelSpectrogram, max_frames: int) -> list[int]:
    """The rows of the clips of which `spectrograms` keeps `max_frames` only.

    Raises:
        DataError, MissingExtraError: as `spectrograms`.
    """
    rate = transform.rate
    return [row for row, clip in enumerate(clips) if transform.frames(sample_count(clip, rate)) > max_frames]


@lru_cache(maxsize=1)
def _compile(transform: LogMelSpectrogram) -> Callable[[np.ndarray, np.ndarray], Any]:
    """The transform compiled, once for all splits of a set."""
    return engine().compile_function(lambda samples, lengths: transform(samples, lengths), [])


def _batches(clips: Sequence[Clip], rate: int) -> Iterator[Batch]:
    """Clips of about the same length together, as they come."""
    waiting: dict[int, Batch] = defaultdict(lambda: ([], []))
    for row, clip in enumerate(clips):
        samples = read_audio(clip, rate) if isinstance(clip, Path) else clip
        width = _width(samples)
        waiting[width][0].append(row)
        waiting[width][1].append(samples)
        if len(waiting[width][0]) == _rows(width):
            yield waiting.pop(width)
    yield from waiting.values()


def _width(samples: np.ndarray) -> int:
    """The power of two to which a clip is padded, so that few shapes are compiled."""
    return max(SHORTEST, 1 << (len(samples) - 1).bit_length())


def _rows(width: int) -> int:
    return max(1, BATCH_SAMPLES // width)


def _stack(batch: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Samples `(rows, width)` and their lengths; a batch that is not full is filled up with silence."""
    width = _width(batch[0])
    stacked = np.zeros((_rows(width), width), np.float32)
    lengths = np.ones(len(stacked), np.int32)
    for row, samples in enumerate(batch):
        stacked[row, : len(samples)], lengths[row] = samples, len(samples)
    return stacked, lengths


def _pad(found: list[np.ndarray], mels: int) -> tuple[np.ndarray, np.ndarray]:
    """The spectrograms in one array; each is let go of once it is there, for there may be gigabytes."""
    lengths = np.fromiter(map(len, found), np.int32, len(found))
    frames = np.zeros((len(found), int(lengths.max(initial=0)), mels), np.float32)
    for row, length in enumerate(lengths):
        frames[row, :length] = found[row]
        found[row] = found[row][:0].copy()
    return frames, lengths
