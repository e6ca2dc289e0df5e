"""The regions of all images of a set, computed once and kept in the user's cache."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from zipfile import BadZipFile

import keras
import numpy as np
import platformdirs

from kzoo.data.captions.caption_set import CaptionSet, CaptionSplit, read_images
from kzoo.features.encoders import BATCH, Encoder
from kzoo.files import atomic_write

_VERSION = 1
"""Of what is computed here; another one makes all kept regions void."""


def load_regions(encoder: Encoder, data: CaptionSet, size: int) -> dict[str, np.ndarray]:
    """The regions of each split, `(images, regions, features)` in float32.

    They are kept in a file named by the hash of everything they depend on: the encoder and its weights, the
    images, their size and the backend.
    """
    path = _place(encoder, data, size)
    try:
        with np.load(path) as kept:
            return {name: kept[name] for name in data.splits}
    except (OSError, EOFError, ValueError, KeyError, BadZipFile):
        pass  # not there, or cut off: it is made anew
    made = {name: encode_split(encoder, split, size) for name, split in data.splits.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(path, lambda temporary: np.savez(temporary, allow_pickle=False, **made))
    return made


def encode_split(encoder: Encoder, split: CaptionSplit, size: int) -> np.ndarray:
    """The regions of the images of a split, a few images in memory at a time."""
    rows = range(len(split))
    parts = [
        encoder.encode(read_images(split, rows[start : start + BATCH], (size, size)))
        for start in range(0, len(split), BATCH)
    ]
    return np.concatenate(parts)


def _place(encoder: Encoder, data: CaptionSet, size: int) -> Path:
    parts = [_VERSION, encoder.identity, size, data.sha256(), keras.backend.backend(), keras.__version__]
    digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    return platformdirs.user_cache_path("kzoo", appauthor=False) / "regions" / f"{digest}.npz"
