"""Writers of small files in the official formats."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def write_idx() -> Callable[..., Path]:
    """`write_idx(path, array)` writes unsigned bytes in IDX, compressed where the name ends in .gz."""

    def write(path: Path, array: np.ndarray) -> Path:
        header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
        payload = header + array.astype(np.uint8).tobytes()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(payload, mtime=0) if path.suffix == ".gz" else payload)
        return path

    return write


@pytest.fixture
def write_mnist(write_idx) -> Callable[..., Path]:
    """`write_mnist(folder)` writes 120 + 20 images of ten classes under MNIST's names."""

    def write(folder: Path, suffix: str = ".gz") -> Path:
        for stem, count in (("train", 120), ("t10k", 20)):
            write_idx(folder / f"{stem}-images-idx3-ubyte{suffix}", grey_images(count))
            write_idx(folder / f"{stem}-labels-idx1-ubyte{suffix}", np.arange(count) % 10)
        return folder

    return write


def grey_images(count: int, size: int = 28) -> np.ndarray:
    """Images `(count, size, size)` of noise, all different."""
    return np.random.default_rng(count).integers(0, 256, (count, size, size), dtype=np.uint8)


@pytest.fixture
def noise() -> Callable[..., np.ndarray]:
    """`noise(shape)` draws unsigned bytes."""
    return lambda *shape: np.random.default_rng(shape).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture
def write_photographs(noise) -> Callable[..., Path]:
    """`write_photographs(folder, {"cats": 3})` writes PNG images of 7x5 pixels, one folder a class."""
    from PIL import Image

    def write(folder: Path, counts: dict[str, int], shape: tuple[int, ...] = (5, 7, 3)) -> Path:
        for name, count in counts.items():
            (folder / name).mkdir(parents=True, exist_ok=True)
            for index, pixels in enumerate(noise(count, *shape)):
                Image.fromarray(pixels).save(folder / name / f"{index:03}.png")
        return folder

    return write


@pytest.fixture
def write_captions() -> Callable[..., Path]:
    """`write_captions(folder)` writes five images, 3/1/1, with captions of three and of two words each."""
    from PIL import Image

    def write(folder: Path, name: str = "dataset.json", images: str = "images") -> Path:
        (folder / images).mkdir(parents=True)
        entries = []
        for number, split in enumerate(("train", "train", "train", "val", "test")):
            Image.new("RGB", (7, 5), (40 * number, 0, 90)).save(folder / images / f"{number}.png")
            sentences = [{"tokens": ["A", f"tree{number}", "here"]}, {"tokens": ["A", "tree", "."]}]
            entries.append({"filename": f"{number}.png", "split": split, "sentences": sentences})
        (folder / name).write_text(json.dumps({"images": entries}), encoding="utf-8")
        return folder

    return write


@pytest.fixture
def write_speech() -> Callable[..., Path]:
    """`write_speech(folder, {"c1": "yes"})` writes clips of 0.1 s in the layout of LJ Speech."""
    soundfile = pytest.importorskip("soundfile", reason="soundfile is not installed")

    def write(folder: Path, texts: dict[str, str], rate: int = 8_000) -> Path:
        (folder / "wavs").mkdir(parents=True)
        rows = [f"{name}|{text}|{text}\n" for name, text in texts.items()]
        (folder / "metadata.csv").write_text("".join(rows), encoding="utf-8")
        for seed, name in enumerate(texts):
            samples = np.random.default_rng(seed).uniform(-0.5, 0.5, rate // 10)
            soundfile.write(folder / "wavs" / f"{name}.wav", samples, rate)
        return folder

    return write


@pytest.fixture(autouse=True)
def no_real_data(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nothing outside the test's own folders is found."""
    monkeypatch.delenv("KZOO_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
