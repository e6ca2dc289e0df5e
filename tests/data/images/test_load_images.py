from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest

from kzoo.data.images.image_set import ImageSet, Split
from kzoo.data.images.load import load_image_set
from kzoo.data.origin import Origin
from kzoo.data.search_path import search_path
from kzoo.errors import DataError, UsageError

REAL = os.environ.get("KZOO_DATA")


@pytest.fixture
def drawn(monkeypatch, noise):
    """Stand-ins of one shape and what was asked of them, in place of the real drawings."""
    asked = []

    def draw(name: str, seed: int) -> ImageSet:
        asked.append((name, seed))
        split = Split(noise(2, 28, 28, 1), np.arange(2, dtype=np.int32))
        return ImageSet(split, split, split, ("a", "b"), origin=Origin(name, "drawn", stand_in=True))

    monkeypatch.setattr("kzoo.data.standins.draw_image_set", draw, raising=False)
    return asked


def test_a_data_dir_that_is_not_there_is_an_error_not_a_stand_in(tmp_path, drawn):
    with pytest.raises(DataError, match="typo is not a folder"):
        load_image_set("mnist", data_dir=tmp_path / "typo")
    assert not drawn


def test_the_real_set_where_it_is_found(tmp_path, write_mnist, drawn):
    write_mnist(tmp_path / "mnist")
    assert load_image_set("mnist", data_dir=tmp_path, require_data=True).origin.location == str(
        tmp_path / "mnist"
    )
    assert not drawn


def test_a_damaged_set_is_an_error_not_a_stand_in(tmp_path, write_mnist, drawn):
    (write_mnist(tmp_path) / "train-images-idx3-ubyte.gz").write_bytes(b"")
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz"):
        load_image_set("mnist", data_dir=tmp_path)
    assert not drawn


@pytest.mark.parametrize("name", ["mnist", "glyphs"])
def test_else_the_stand_in(name, drawn):
    assert load_image_set(name, stand_in_seed=7).origin.stand_in
    assert load_image_set("octmnist", test_cut=True, stand_in="glyphs").origin.stand_in
    assert drawn == [("glyphs", 7), ("glyphs", 42)]


def test_required_data_says_where_it_looked_and_what_to_do(tmp_path, monkeypatch, drawn):
    monkeypatch.setenv("KZOO_DATA", str(tmp_path))
    with pytest.raises(DataError, match="kzoo data fetch kmnist") as error:
        load_image_set("kmnist", require_data=True)
    assert all(str(place) in str(error.value) for place in search_path("kmnist"))
    with pytest.raises(DataError, match="glyphs is a stand-in"):
        load_image_set("glyphs", require_data=True)
    assert not drawn


def test_grey_sets_are_repeated_for_a_model_of_three_channels(tmp_path, write_mnist, drawn):
    grey = load_image_set("mnist", data_dir=write_mnist(tmp_path))
    colour = load_image_set("mnist", data_dir=tmp_path, image_shape=(28, 28, 3))
    for name, split in colour.splits.items():
        assert np.array_equal(split.images, np.repeat(grey.splits[name].images, 3, axis=3))
        assert np.array_equal(split.labels, grey.splits[name].labels)
    assert load_image_set("glyphs", image_shape=(28, 28, 3)).image_shape == (28, 28, 3)
    for shape in ((32, 32, 1), (32, 32, 3)):
        with pytest.raises(UsageError, match="images of mnist are 28x28x1, the model takes"):
            load_image_set("mnist", data_dir=tmp_path, image_shape=shape)


@pytest.mark.parametrize("shape", [(28, 28, 2), (0, 28, 1), (28, -1, 3), (4_097, 8, 3)])
def test_a_shape_that_no_image_has_is_refused(tmp_path, shape):
    with pytest.raises(UsageError, match=f"images cannot be {shape[0]}x"):
        load_image_set(tmp_path, image_shape=shape)


def test_a_path_is_the_user_s_own_set(tmp_path, write_photographs, monkeypatch):
    write_photographs(tmp_path / "mnist", {"cats": 5, "dogs": 5})
    monkeypatch.chdir(tmp_path)
    for path in (tmp_path / "mnist", str(tmp_path / "mnist"), Path("mnist"), "./mnist"):
        assert load_image_set(path, image_shape=(4, 4, 1)).class_names == ("cats", "dogs")


def test_an_unknown_name_gets_the_nearest_one(tmp_path):
    for typed, meant in (("fashionmnist", "fashion-mnist"), ("glyph", "glyphs")):
        with pytest.raises(UsageError, match=f"{typed}'; did you mean '{meant}'"):
            load_image_set(typed)
    with pytest.raises(UsageError, match="no image set, folder or npz"):
        load_image_set(tmp_path / "missing")


def test_the_cut_is_of_octmnist_only():
    with pytest.raises(UsageError, match="test_cut is R004's cut of octmnist; kmnist has none"):
        load_image_set("kmnist", test_cut=True)


def test_the_library_imports_no_framework():
    import subprocess
    import sys

    code = (
        "import sys, kzoo.data.images.load, kzoo.data.pairs.load, kzoo.data.fetch, kzoo.data.audit;"
        "print({'keras', 'PIL', 'matplotlib', 'tensorflow', 'torch', 'jax'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.skipif(
    not (REAL and (Path(REAL) / "fashion-mnist").is_dir()), reason="KZOO_DATA has no fashion-mnist"
)
def test_fashion_mnist(monkeypatch):
    monkeypatch.setenv("KZOO_DATA", REAL)
    start = time.perf_counter()
    image_set = load_image_set("fashion-mnist", require_data=True)
    assert time.perf_counter() - start < 5  # half a second on an idle machine
    assert [np.bincount(split.labels).tolist() for split in image_set.splits.values()] == [
        [5000] * 10,
        [1000] * 10,
        [1000] * 10,
    ]


@pytest.mark.skipif(
    not (REAL and (Path(REAL) / "intel-scenes").is_dir()), reason="KZOO_DATA has no intel-scenes"
)
def test_intel_scenes(monkeypatch):
    monkeypatch.setenv("KZOO_DATA", REAL)
    image_set = load_image_set("intel-scenes", image_shape=(48, 48, 3), require_data=True)
    train, validation = len(image_set.train), len(image_set.validation)
    assert 0.1 <= validation / (train + validation) < 0.101
    assert image_set.class_names[0] == "buildings"
