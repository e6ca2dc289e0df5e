"""Every official layout, in small files."""

from __future__ import annotations

import numpy as np
import pytest

from kzoo.data.images.cards import IMAGE_SETS, R004_TEST_CUT
from kzoo.data.images.load import read_published
from kzoo.data.search_path import files_of
from kzoo.errors import DataError


def sizes(image_set) -> list[int]:
    return [len(split) for split in image_set.splits.values()]


@pytest.mark.parametrize("name", ["fashion-mnist", "mnist", "kmnist"])
@pytest.mark.parametrize("suffix", [".gz", ""])
def test_idx(tmp_path, write_mnist, name, suffix):
    image_set = read_published(IMAGE_SETS[name], write_mnist(tmp_path, suffix))
    assert sizes(image_set) == [100, 20, 20]
    assert image_set.image_shape == (28, 28, 1)
    assert np.bincount(image_set.validation.labels).tolist() == [2] * 10
    assert not image_set.origin.stand_in
    assert image_set.origin.location == str(tmp_path)


def test_idx_and_npz_of_kmnist_are_the_same_set(tmp_path, write_mnist):
    from kzoo.data.images.idx import read_idx

    idx, npz = write_mnist(tmp_path / "idx"), tmp_path / "npz"
    npz.mkdir()
    for ours, theirs in (("train", "train"), ("t10k", "test")):
        np.savez(npz / f"kmnist-{theirs}-imgs.npz", read_idx(idx / f"{ours}-images-idx3-ubyte.gz"))
        np.savez(npz / f"kmnist-{theirs}-labels.npz", read_idx(idx / f"{ours}-labels-idx1-ubyte.gz"))
    card = IMAGE_SETS["kmnist"]
    assert read_published(card, idx).sha256() == read_published(card, npz).sha256()
    assert len(files_of(card, npz)) == 4


def test_a_missing_idx_file_is_named(tmp_path, write_mnist):
    (write_mnist(tmp_path) / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataError, match=r"t10k-labels-idx1-ubyte\.gz does not exist"):
        read_published(IMAGE_SETS["mnist"], tmp_path)


def test_swapped_idx_files_are_named(tmp_path, write_mnist):
    images, labels = (write_mnist(tmp_path) / f"train-{x}-ubyte.gz" for x in ("images-idx3", "labels-idx1"))
    images.rename(tmp_path / "x")
    labels.rename(images)
    (tmp_path / "x").rename(labels)
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz: images have the shape \(120,\)"):
        read_published(IMAGE_SETS["mnist"], tmp_path)


def test_another_shape_is_refused(tmp_path, write_mnist, write_idx, noise):
    write_idx(write_mnist(tmp_path) / "t10k-images-idx3-ubyte.gz", noise(20, 32, 32))
    with pytest.raises(DataError, match="the test images are 32x32x1, expected 28x28x1 for mnist"):
        read_published(IMAGE_SETS["mnist"], tmp_path)


def write_octmnist(folder, noise, test_counts):
    test_labels = np.random.default_rng(0).permutation(np.repeat(np.arange(4), test_counts))
    np.savez_compressed(
        folder / "octmnist.npz",
        train_images=noise(40, 28, 28),
        train_labels=np.arange(40, dtype=np.uint8)[:, None] % 4,
        val_images=noise(8, 28, 28),
        val_labels=np.arange(8, dtype=np.uint8)[:, None] % 4,
        test_images=noise(len(test_labels), 28, 28),
        test_labels=test_labels.astype(np.uint8)[:, None],
    )


def test_octmnist_keeps_its_published_splits(tmp_path, noise):
    write_octmnist(tmp_path, noise, [3, 3, 3, 3])
    image_set = read_published(IMAGE_SETS["octmnist"], tmp_path)
    assert sizes(image_set) == [40, 8, 12]
    assert np.array_equal(image_set.validation.images[..., 0], noise(8, 28, 28))


def test_the_cut_of_r004_takes_the_first_of_each_class_in_their_order(tmp_path, noise):
    write_octmnist(tmp_path, noise, [200, 60, 50, 251])
    card = IMAGE_SETS["octmnist"]
    whole, cut = read_published(card, tmp_path).test, read_published(card, tmp_path, test_cut=True).test
    assert len(cut) == 529
    taken, expected = [0] * 4, []
    for row, label in enumerate(whole.labels):
        if taken[label] < R004_TEST_CUT[label]:
            taken[label] += 1
            expected.append(row)
    assert np.array_equal(cut.images, whole.images[expected])
    assert np.bincount(cut.labels).tolist() == [182, 55, 42, 250]


def test_the_cut_needs_enough_images(tmp_path, noise):
    write_octmnist(tmp_path, noise, [200, 54, 50, 250])
    with pytest.raises(DataError, match="holds 54 test images of class 1, test_cut needs 55"):
        read_published(IMAGE_SETS["octmnist"], tmp_path, test_cut=True)


def test_a_set_without_test_images_is_refused(tmp_path, noise):
    np.savez(tmp_path / "octmnist.npz", train_images=noise(8, 28, 28), train_labels=np.arange(8) % 4)
    with pytest.raises(DataError, match="holds no test images of octmnist"):
        read_published(IMAGE_SETS["octmnist"], tmp_path)


def test_scenes_in_one_npz(tmp_path, noise):
    card = IMAGE_SETS["intel-scenes"]
    arrays = {
        "train_images": noise(61, 48, 48, 3),
        "train_labels": np.arange(61) % 6,
        "test_images": noise(6, 48, 48, 3),
        "test_labels": np.arange(6),
    }
    np.savez(tmp_path / "any.npz", **arrays, class_names=np.array(card.class_names))
    assert sizes(read_published(card, tmp_path)) == [54, 7, 6]  # a tenth, rounded up
    np.savez(tmp_path / "other.npz", **arrays)
    with pytest.raises(DataError, match=r"holds any\.npz and other\.npz; keep one"):
        read_published(card, tmp_path)
    (tmp_path / "any.npz").unlink()
    np.savez(tmp_path / "other.npz", **arrays, class_names=np.array(card.class_names[::-1]))
    with pytest.raises(DataError, match="mislabelled: its classes are"):
        read_published(card, tmp_path)


@pytest.mark.parametrize("inner", ["{}", "{}/{}"])
def test_scenes_in_the_folders_of_kaggle(tmp_path, write_photographs, inner):
    card = IMAGE_SETS["intel-scenes"]
    for split, count in (("train", 5), ("test", 2)):
        folder = tmp_path / inner.format(*[f"seg_{split}"] * 2)
        write_photographs(folder, dict.fromkeys(card.class_names, count), shape=(9, 8, 3))
    image_set = read_published(card, tmp_path)
    assert sizes(image_set) == [26, 4, 12]
    assert image_set.image_shape == (48, 48, 3)


def test_half_of_kaggle_s_folders_is_not_a_set(tmp_path, write_photographs):
    card = IMAGE_SETS["intel-scenes"]
    write_photographs(tmp_path / "seg_train", dict.fromkeys(card.class_names, 3))
    with pytest.raises(DataError, match="seg_test does not exist"):
        read_published(card, tmp_path)


def test_an_empty_folder_holds_no_set(tmp_path):
    for card in IMAGE_SETS.values():
        assert files_of(card, tmp_path) == []
        with pytest.raises(DataError, match=f"holds no files of {card.name}"):
            read_published(card, tmp_path)
