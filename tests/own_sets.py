"""Small data sets in a user's own files: captioned images that can be learned, and spoken words."""

from __future__ import annotations

import json
import wave
from pathlib import Path
from typing import Any

import numpy as np

COLOURS = {"red": (200, 30, 40), "green": (30, 180, 60), "blue": (40, 60, 210), "white": (235, 235, 235)}


def write_captions(folder: Path) -> Path:
    """Write 16, 4 and 4 images of two halves in Karpathy's layout, each with captions of 3 and of 5 words.

    One more caption cannot be used because it is empty.
    """
    from PIL import Image

    rng = np.random.default_rng(6)
    pairs = [(top, bottom) for top in COLOURS for bottom in COLOURS if top != bottom]
    entries: list[dict[str, Any]] = []
    (folder / "images").mkdir(parents=True)
    for index in range(24):
        top, bottom = pairs[index % len(pairs)]
        pixels = np.repeat([COLOURS[top], COLOURS[bottom]], 8, axis=0)[:, None] + rng.integers(
            -20, 20, (16, 16, 3)
        )
        name = f"[{index}].png"
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / "images" / name)
        captions = [f"{top} above {bottom} .", f"a {bottom} half below {top}", *["."][: index == 0]]
        split = "train" if index < 16 else "val" if index < 20 else "test"
        sentences = [{"raw": caption} for caption in captions]
        entries.append({"filename": name, "split": split, "sentences": sentences})
    (folder / "dataset.json").write_text(json.dumps({"images": entries}))
    return folder


TONES = {"a": 500, "e": 900, "n": 1_500, "t": 2_500}


def write_speech(folder: Path, rate: int = 8_000) -> Path:
    """Write 16, 4 and 4 clips in the layout of LJ Speech: words of 2 to 4 letters, with a tone per letter.

    One more row cannot be used because it has no clip.
    """
    rng = np.random.default_rng(7)
    (folder / "wavs").mkdir(parents=True)
    words = ["".join(rng.choice(list(TONES), length)) for length in rng.integers(2, 5, 24)]
    time = np.arange(rate * 6 // 100) / rate
    for index, word in enumerate(words):
        tones = np.concatenate([np.sin(2 * np.pi * TONES[letter] * time) for letter in word])
        write_wav(folder / "wavs" / f"[{index}].wav", 0.5 * tones + rng.normal(0, 0.01, len(tones)), rate)
    rows = [f"[{index}]|{word.upper()}" for index, word in enumerate(words)]
    (folder / "metadata.csv").write_text("\n".join([*rows, "gone|A"]) + "\n")
    splits = ["train"] * 16 + ["validation"] * 4 + ["test"] * 4
    lines = [f"[{index}],{split}" for index, split in enumerate(splits)]
    (folder / "splits.csv").write_text("\n".join(["id,split", *lines, "gone,train"]) + "\n")
    return folder


def write_wav(path: Path, samples: np.ndarray, rate: int) -> Path:
    """Write samples in [-1, 1] as a 16-bit WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((samples * 32_767).astype("<i2").tobytes())
    return path
