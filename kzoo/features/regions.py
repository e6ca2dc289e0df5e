"""The regions of all images of a data set, computed once and kept in the user's cache."""

from __future__ import annotations

import hashlib
import json

import keras
import numpy as np

from kzoo.data.captions.caption_set import CaptionSet, CaptionSplit, read_images
from kzoo.data.large_arrays import zeros
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
    rows, what = range(len(split)), f"the regions of {len(split):,} images"
    regions = np.zeros(0)
    for start in rows[::BATCH]:
        part = encoder.encode(read_images(split, rows[start : start + BATCH], (size, size)))
        if start == 0:
            regions = zeros((len(split), *part.shape[1:]), part.dtype, what)
        regions[start : start + BATCH] = part
    return regions


def _file_name(encoder: Encoder, data: CaptionSet, size: int) -> str:
    parts = [_VERSION, encoder.identity, size, data.sha256(), keras.backend.backend(), keras.__version__]
    return f"regions/{hashlib.sha256(json.dumps(parts).encode()).hexdigest()}.npz"
