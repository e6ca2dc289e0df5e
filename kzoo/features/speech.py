"""The spectrograms of sound clips."""

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
"""The number of samples in a batch; a longer clip is a batch of its own."""

SHORTEST = 1 << 12
"""The minimum number of samples to which clips are padded; it bounds the number of clips in a batch."""

Batch = tuple[list[int], list[np.ndarray]]
"""The rows of the clips of a batch, and their samples."""


def spectrograms(
    clips: Sequence[Clip], transform: LogMelSpectrogram, max_frames: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Compute the spectrograms of clips, each of which depends on its clip alone.

    Args:
        clips: files, which are read at `transform.rate`, or samples of this rate.
        transform: the transform from samples to frames.
        max_frames: the number of frames kept of a longer clip (2,754 in R004); None keeps all.

    Returns:
        Frames `(count, longest, mels)` in float32, zero after the end of each clip, and the number of real
        frames of each clip, `(count,)` in int32.

    Raises:
        DataError: a file is missing or damaged.
        MissingExtraError: a file must be read and the extra `speech` is not installed.
    """
    compiled = _compile(transform)
    found = [np.zeros((0, transform.mels), np.float32)] * len(clips)
    for rows, batch in _batches(clips, transform.rate):
        outputs = keras.ops.convert_to_numpy(compiled(*_stack(batch)))
        for row, samples, frames in zip(rows, batch, outputs, strict=False):  # the batch is filled up
            found[row] = frames[: transform.frames(len(samples))][:max_frames].copy()
    return _pad(found, transform.mels)


def cut_clips(clips: Sequence[Clip], transform: LogMelSpectrogram, max_frames: int) -> list[int]:
    """Return the rows of the clips that are longer than `max_frames`, which `spectrograms` cuts.

    Raises:
        DataError, MissingExtraError: as `spectrograms`.
    """
    rate = transform.rate
    return [row for row, clip in enumerate(clips) if transform.frames(sample_count(clip, rate)) > max_frames]


@lru_cache(maxsize=1)
def _compile(transform: LogMelSpectrogram) -> Callable[[np.ndarray, np.ndarray], Any]:
    """Compile the transform, once for all splits of a data set."""
    return engine().compile_function(lambda samples, lengths: transform(samples, lengths), [])


def _batches(clips: Sequence[Clip], rate: int) -> Iterator[Batch]:
    """Yield batches of clips of similar length."""
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
    """Return the power of two to which a clip is padded, so that few shapes are compiled."""
    return max(SHORTEST, 1 << (len(samples) - 1).bit_length())


def _rows(width: int) -> int:
    return max(1, BATCH_SAMPLES // width)


def _stack(batch: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Stack samples to `(rows, width)` and return their lengths too; silence fills up an incomplete batch."""
    width = _width(batch[0])
    stacked = np.zeros((_rows(width), width), np.float32)
    lengths = np.ones(len(stacked), np.int32)
    for row, samples in enumerate(batch):
        stacked[row, : len(samples)], lengths[row] = samples, len(samples)
    return stacked, lengths


def _pad(found: list[np.ndarray], mels: int) -> tuple[np.ndarray, np.ndarray]:
    """Pad the spectrograms into one array, freeing each once it is copied, since they may take gigabytes."""
    lengths = np.fromiter(map(len, found), np.int32, len(found))
    frames = np.zeros((len(found), int(lengths.max(initial=0)), mels), np.float32)
    for row, length in enumerate(lengths):
        frames[row, :length] = found[row]
        found[row] = found[row][:0].copy()
    return frames, lengths
