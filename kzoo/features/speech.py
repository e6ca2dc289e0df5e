"""The spectrograms of sound clips."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kzoo.data.large_arrays import zeros
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
    clips: Sequence[Clip], transform: LogMelSpectrogram, max_frames: int | None = None, *, padded: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Compute the spectrograms of clips, each of which depends on its clip alone.

    Args:
        clips: files, which are read at `transform.rate`, or samples of this rate.
        transform: the transform from samples to frames.
        max_frames: the number of frames kept of a longer clip (2,754 in R004); None keeps all.
        padded: the least number of frames to which all clips are padded.

    Returns:
        Frames `(count, longest, mels)` in float32, zero after the end of each clip, and the number of real
        frames of each clip, `(count,)` in int32. The frames of many clips are kept in a file, see
        `kzoo.data.large_arrays`.

    Raises:
        DataError: a file is missing or damaged, or there is no room for the frames.
        MissingExtraError: a file must be read and the extra `speech` is not installed.
    """
    compiled = _compile(transform)
    counts = (transform.frames(sample_count(clip, transform.rate) + 1) for clip in clips)
    room = max(padded, *(count if max_frames is None else min(count, max_frames) for count in counts), 0)
    shape, lengths = (len(clips), room, transform.mels), np.zeros(len(clips), np.int32)
    found = zeros(shape, np.float32, f"the spectrograms of {len(clips):,} clips")
    for rows, batch in _batches(clips, transform.rate):
        outputs = keras.ops.convert_to_numpy(compiled(*_stack(batch)))
        for row, samples, frames in zip(rows, batch, outputs, strict=False):  # the batch is filled up
            frames = frames[: transform.frames(len(samples))][:max_frames]
            lengths[row] = len(frames)
            found[row, : len(frames)] = frames
    return found[:, : max(padded, lengths.max(initial=0))], lengths


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
