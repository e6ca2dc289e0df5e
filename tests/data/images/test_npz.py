from __future__ import annotations

from zipfile import ZipFile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kzoo.data.images.npz import read_npz, read_npz_splits
from kzoo.errors import DataError


@pytest.mark.parametrize(
    ("pairs", "splits"),
    [
        (
            [("train_images", "train_labels"), ("val_images", "val_labels"), ("test_images", "test_labels")],
            ["train", "validation", "test"],
        ),
        ([("x_train", "y_train"), ("x_test", "y_test")], ["train", "test"]),
        ([("images", "labels")], ["whole"]),
        ([("x", "y")], ["whole"]),
    ],
)
def test_usual_names_are_known(tmp_path, noise, pairs, splits):
    arrays = {key: noise(5 + row, 3) for row, pair in enumerate(pairs) for key in pair}
    np.savez_compressed(tmp_path / "set.npz", **arrays)
    found, class_names = read_npz_splits(tmp_path / "set.npz")
    assert list(found) == splits
    assert class_names is None
    for (images, labels), pair in zip(found.values(), pairs, strict=True):
        assert np.array_equal(images, arrays[pair[0]])
        assert np.array_equal(labels, arrays[pair[1]])


def test_class_names_come_along(tmp_path, noise):
    np.savez(tmp_path / "set.npz", images=noise(2, 3), labels=noise(2), class_names=np.array(["cat", "dog"]))
    assert read_npz_splits(tmp_path / "set.npz")[1] == ("cat", "dog")


def test_unknown_names_are_listed(tmp_path, noise):
    np.savez(tmp_path / "set.npz", pictures=noise(2, 3), labels=noise(2))
    with pytest.raises(DataError, match=r"set\.npz holds pictures, labels; expected train_images"):
        read_npz_splits(tmp_path / "set.npz")


def test_pickles_are_refused(tmp_path):
    np.savez(tmp_path / "set.npz", images=np.array([{"a": 1}], dtype=object))
    with pytest.raises(DataError, match="pickle"):
        read_npz(tmp_path / "set.npz")


def test_a_member_that_is_no_array_is_named(tmp_path, noise):
    np.savez(tmp_path / "set.npz", images=noise(2, 3), labels=noise(2))
    with ZipFile(tmp_path / "set.npz", "a") as archive:
        archive.writestr("class_names", "cat dog")
    with pytest.raises(DataError, match=r"set\.npz cannot be read.*its member 'class_names' is not an array"):
        read_npz_splits(tmp_path / "set.npz")


def test_npy_missing_empty_and_text_files_are_data_errors(tmp_path, noise):
    np.save(tmp_path / "array.npy", noise(3))
    (tmp_path / "empty.npz").touch()
    (tmp_path / "text.npz").write_text("<html>not found</html>")
    for name in ("array.npy", "empty.npz", "text.npz"):
        with pytest.raises(DataError, match=f"{name} cannot be read.*not an npz file"):
            read_npz(tmp_path / name)
    with pytest.raises(DataError, match=r"missing\.npz does not exist"):
        read_npz(tmp_path / "missing.npz")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1, exclude_max=True), compressed=st.booleans(), value=st.integers(0, 255))
def test_cut_off_or_damaged_anywhere_is_a_data_error_or_harmless(tmp_path, noise, share, compressed, value):
    path = tmp_path / "set.npz"
    images = noise(7, 5, 3)
    (np.savez_compressed if compressed else np.savez)(path, images=images, labels=noise(7))
    content = bytearray(path.read_bytes())
    place = int(share * len(content))
    damaged = content[:place] + (bytes([content[place] ^ value]) + content[place + 1 :] if value else b"")
    path.write_bytes(damaged)
    try:
        found = read_npz(path)
    except DataError:
        return
    assert value  # cut off, it is never read
    assert "images" not in found or np.array_equal(found["images"], images)
