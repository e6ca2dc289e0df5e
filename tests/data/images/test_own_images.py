from __future__ import annotations

import numpy as np
import pytest

from kzoo.data.images.arrays import to_grey
from kzoo.data.images.own import read_own
from kzoo.errors import DataError


def sizes(image_set) -> list[int]:
    return [len(split) for split in image_set.splits.values()]


def test_one_folder_of_classes_becomes_80_10_10(tmp_path, write_photographs):
    write_photographs(tmp_path / "pets", {"cats": 30, "dogs": 20})
    image_set = read_own(tmp_path / "pets", (4, 6, 3))
    assert sizes(image_set) == [40, 5, 5]
    assert image_set.class_names == ("cats", "dogs")
    assert image_set.image_shape == (4, 6, 3)
    assert image_set.origin.name == "pets"
    assert not image_set.origin.stand_in
    assert [np.bincount(split.labels).tolist() for split in image_set.splits.values()] == [
        [24, 16],
        [3, 2],
        [3, 2],
    ]
    pixels = {image.tobytes() for split in image_set.splits.values() for image in split.images}
    assert len(pixels) == 50  # no image is in two splits
    assert image_set.sha256() == read_own(tmp_path / "pets", (4, 6, 3)).sha256()


@pytest.mark.parametrize("validation", ["validation", "val", "valid"])
def test_folders_that_are_split_stay_split(tmp_path, write_photographs, validation):
    for name, count in (("train", 5), (validation, 2), ("test", 1)):
        write_photographs(tmp_path / name, {"cats": count, "dogs": count})
    assert sizes(read_own(tmp_path)) == [10, 4, 2]


def test_a_tenth_is_held_out_where_there_is_no_validation_folder(tmp_path, write_photographs):
    write_photographs(tmp_path / "train", {"cats": 10, "dogs": 10})
    write_photographs(tmp_path / "test", {"cats": 1, "dogs": 1})
    assert sizes(read_own(tmp_path)) == [18, 2, 2]


def test_splits_must_agree(tmp_path, write_photographs):
    write_photographs(tmp_path / "train", {"cats": 5, "dogs": 5})
    with pytest.raises(DataError, match="holds no test images"):
        read_own(tmp_path)
    write_photographs(tmp_path / "test", {"cats": 2, "owls": 2})
    with pytest.raises(DataError, match="test holds the classes cats, owls; expected cats, dogs"):
        read_own(tmp_path)


def test_splits_must_have_one_shape(tmp_path, write_photographs):
    write_photographs(tmp_path / "train", {"cats": 5})
    write_photographs(tmp_path / "test", {"cats": 2}, shape=(9, 9, 3))
    with pytest.raises(DataError, match="differ in shape: "):
        read_own(tmp_path)
    assert read_own(tmp_path, (8, 8, 1)).image_shape == (8, 8, 1)


@pytest.mark.parametrize("names", [("images", "labels"), ("x", "y"), ("train_images", "train_labels")])
def test_npz(tmp_path, noise, names):
    images, labels = noise(50, 5, 7), np.arange(50) % 5
    extra = {"test_images": images, "test_labels": labels} if names[0].startswith("train") else {}
    np.savez(tmp_path / "set.npz", **dict(zip(names, (images, labels), strict=True)), **extra)
    image_set = read_own(tmp_path / "set.npz")
    assert sizes(image_set) == ([45, 5, 50] if extra else [40, 5, 5])
    assert image_set.class_names == ("0", "1", "2", "3", "4")
    assert read_own(tmp_path / "set.npz", (5, 7, 3)).image_shape == (5, 7, 3)


def test_colour_in_npz_becomes_luma_for_a_grey_model(tmp_path, noise):
    images = noise(30, 5, 7, 3)
    np.savez(
        tmp_path / "set.npz",
        x_train=images,
        y_train=np.arange(30) % 2,
        x_test=images,
        y_test=np.arange(30) % 2,
    )
    image_set = read_own(tmp_path / "set.npz", (5, 7, 1))
    assert np.array_equal(image_set.test.images, to_grey(images))


def test_another_size_in_npz_is_refused(tmp_path, noise):
    np.savez(tmp_path / "set.npz", images=noise(30, 5, 7), labels=np.arange(30) % 2)
    with pytest.raises(DataError, match=r"\(whole\): images are 5x7x1, the model takes 7x5x1"):
        read_own(tmp_path / "set.npz", (7, 5, 1))


@pytest.mark.parametrize("labels", [np.arange(30) % 3 + 1, np.arange(30) % 3 * 2, np.arange(30) % 3 - 1])
def test_labels_that_do_not_count_from_0_are_mislabelled(tmp_path, noise, labels):
    np.savez(tmp_path / "set.npz", images=noise(30, 5, 7), labels=labels)
    with pytest.raises(DataError, match="mislabelled"):
        read_own(tmp_path / "set.npz")


def test_class_names_in_npz_count_the_classes(tmp_path, noise):
    arrays = {"images": noise(30, 5, 7), "labels": np.arange(30) % 2}
    np.savez(tmp_path / "set.npz", **arrays, class_names=np.array(["a", "b", "c"]))
    assert read_own(tmp_path / "set.npz").class_names == ("a", "b", "c")
    np.savez(tmp_path / "set.npz", **arrays, class_names=np.array(["a"]))
    with pytest.raises(DataError, match="found label 1, expected 0 to 0"):
        read_own(tmp_path / "set.npz")


def test_too_few_images_and_other_files_are_refused(tmp_path, write_photographs):
    write_photographs(tmp_path / "pets", {"cats": 2})
    with pytest.raises(DataError, match="holds 2 training images, too few to split"):
        read_own(tmp_path / "pets")
    write_photographs(tmp_path / "pets", {"cats": 3})
    assert sizes(read_own(tmp_path / "pets")) == [1, 1, 1]
    (tmp_path / "set.csv").touch()
    with pytest.raises(DataError, match=r"set\.csv is neither a folder of images nor an npz file"):
        read_own(tmp_path / "set.csv")
