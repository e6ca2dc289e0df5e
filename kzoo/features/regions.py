"""The regions of all images of a data set, computed once and kept in the user's cache."""

from __future__ import annotations

import hashlib
import json

import keras
import numpy as np

from kzoo.data.captions.caption_set import CaptionSet, CaptionSplit, read_images
from kzoo.features.cache import cached_arrays
from kzoo.features.encoders import BATCH, Encoder

_VERSION = 1
"""The version of the computation; raising it invalidates all cached regions."""


def load_regions(encoder: Encoder, data: CaptionSet, size: int) -> dict[str, np.ndarray]:
    """Load the regions of each split, `(images, regions, features)` in float32, or compute and cache them.

    The name of the cache file is the hash of everything they depend on: the encoder and its weights, the
    images, their size, the backend and the version of Keras.
    """
    return cached_arrays(
        _file_name(encoder, data, size),
        lambda: {name: encode_split(encoder, split, size) for name, split in data.splits.items()},
    )


def encode_split(encoder: Encoder, split: CaptionSplit, size: int) -> np.ndarray:
    """Compute the regions of the images of a split, with a few images in memory at a time."""
    rows = range(len(split))
    parts = [
        encoder.encode(read_images(split, rows[start : start + BATCH], (size, size)))
        for start in range(0, len(split), BATCH)
    ]
    return np.ascontiguousarray(np.concatenate(parts))  # as a file has it: the order of sums depends on it


def _file_name(encoder: Encoder, data: CaptionSet, size: int) -> str:
    parts = [_VERSION, encoder.identity, size, data.sha256(), keras.backend.backend(), keras.__version__]
    return f"regions/{hashlib.sha256(json.dumps(parts).encode()).hexdigest()}.npz"
