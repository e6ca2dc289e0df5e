from __future__ import annotations

import shutil
from collections import namedtuple

import numpy as np
import platformdirs
import pytest

from kzoo.data import large_arrays
from kzoo.data.images.arrays import repeat_grey, to_grey, to_pixels
from kzoo.data.images.own import read_own
from kzoo.errors import DataError


@pytest.fixture
def images(noise) -> np.ndarray:
    """Eleven images, of which three have about `PART_BYTES` under `small_memory`."""
    return noise(11, 5, 7, 3)


def in_file(array: np.ndarray) -> bool:
    while isinstance(array, np.ndarray):
        if isinstance(array, np.memmap):
            return True
        array = array.base
    return False


@pytest.mark.parametrize("resident", [11 * 105, 11 * 105 - 1])
def test_an_array_is_in_memory_up_to_a_limit(monkeypatch, tmp_path, resident):
    monkeypatch.setattr(large_arrays, "RESIDENT_BYTES", resident)
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *_, **__: tmp_path / "cache")
    found = large_arrays.zeros((11, 5, 7, 3), np.uint8, "images")
    assert in_file(found) == (resident < found.nbytes)
    assert found.shape == (11, 5, 7, 3)
    assert not found.any()
    found[3] = 4
    assert found.sum() == 4 * 105
    assert not list(tmp_path.rglob("*"))  # the file has no name


def test_a_full_disk_is_reported_before_anything_is_written(monkeypatch, tmp_path):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(large_arrays, "RESIDENT_BYTES", 10)
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *_, **__: tmp_path / "cache")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**10, 10**10, 2 * 10**9))
    with pytest.raises(DataError, match=r"disk space for 3 images: 3\.0 GB are needed, .* has 2\.0 GB"):
        large_arrays.zeros((3, 10**9), np.uint8, "3 images")
    assert not list(tmp_path.iterdir())


def test_rows_of_a_large_array(small_memory, images):
    rows = np.array([3, 3, 0, 10, 7, 1, 2])
    found = large_arrays.take(images, rows, "images")
    assert in_file(found)
    np.testing.assert_array_equal(found, images[rows], strict=True)


def test_conversions_of_large_arrays_are_those_of_small_ones(small_memory, images):
    grey = images[..., :1]
    for found, expected in (
        (to_pixels(images / np.float32(255), "here"), images),
        (repeat_grey(grey), np.repeat(grey, 3, axis=3)),
        (to_grey(images), np.rint(images @ [0.299, 0.587, 0.114])[..., None].astype(np.uint8)),
    ):
        assert in_file(found)
        assert found.dtype == np.uint8
        assert np.abs(found.astype(int) - expected).max() <= (found.shape[-1] == 1)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_large_arrays_of_an_npz_file(small_memory, tmp_path, images, save):
    labels = np.arange(11) % 2
    save(tmp_path / "own.npz", images=images, labels=labels)
    found = read_own(tmp_path / "own.npz")
    assert in_file(found.train.images)
    assert sum(found.sizes.values()) == 11
    rows = {image.tobytes(): int(label) for image, label in zip(images, labels, strict=True)}
    for split in found.splits.values():
        for image, label in zip(split.images, split.labels, strict=True):
            assert rows.pop(image.tobytes()) == label
    assert not rows


def test_a_large_array_that_is_cut_off_or_not_plain_is_refused(small_memory, tmp_path, images):
    for name, array in {"in Fortran's order": np.asfortranarray(images), "cut off": images}.items():
        path = tmp_path / f"{name}.npz"
        np.savez(path, images=array, labels=np.arange(11) % 2)
        if name == "cut off":
            path.write_bytes(path.read_bytes().replace(images[-1].tobytes(), b""))
        with pytest.raises(DataError, match=path.name):
            read_own(path)
