from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from kzoo.data.images.folders import read_class_folders, read_image, resize_pixels
from kzoo.errors import DataError


def test_classes_and_images_come_in_the_order_of_their_names(tmp_path, write_photographs, noise):
    write_photographs(tmp_path, {"dogs": 2, "cats": 3})
    images, labels, class_names = read_class_folders(tmp_path)
    assert class_names == ("cats", "dogs")
    assert labels.tolist() == [0, 0, 0, 1, 1]
    assert np.array_equal(images, np.concatenate([noise(3, 5, 7, 3), noise(2, 5, 7, 3)]))


def test_other_files_and_hidden_folders_are_passed_over(tmp_path, write_photographs):
    write_photographs(tmp_path, {"cats": 1, "dogs": 1, ".cache": 1, "__MACOSX": 1})
    for name in ("cats/.DS_Store", "cats/notes.txt", "cats/._000.png", "README.md"):
        (tmp_path / name).write_text("not an image")
    assert len(read_class_folders(tmp_path)[0]) == 2


@pytest.mark.parametrize(("shape", "mode"), [((4, 3, 1), "L"), ((4, 3, 3), "RGB"), ((9, 10, 3), "RGB")])
def test_images_are_resized_to_the_shape_asked_for(tmp_path, write_photographs, shape, mode):
    write_photographs(tmp_path, {"cats": 2})
    images, _, _ = read_class_folders(tmp_path, shape)
    assert images.shape == (2, *shape)
    with Image.open(tmp_path / "cats" / "001.png") as image:
        expected = image.convert(mode).resize((shape[1], shape[0]), Image.Resampling.BILINEAR)
    assert np.array_equal(images[1], np.asarray(expected).reshape(shape))


def test_without_a_shape_all_images_must_share_one(tmp_path, write_photographs):
    write_photographs(tmp_path, {"cats": 1})
    write_photographs(tmp_path, {"dogs": 1}, shape=(6, 7, 3))
    with pytest.raises(DataError, match=r"dogs.*6x7, the first image is 5x7"):
        read_class_folders(tmp_path)


@pytest.mark.parametrize(
    ("mode", "channels"), [("1", 1), ("L", 1), ("LA", 1), ("P", 3), ("RGBA", 3), ("CMYK", 3)]
)
def test_every_mode_of_8_bits_is_read(tmp_path, mode, channels):
    (tmp_path / "cats").mkdir()
    Image.new("RGB", (4, 3), (255, 255, 255)).convert(mode).save(tmp_path / "cats" / "a.tif")
    images, _, _ = read_class_folders(tmp_path)
    assert images.shape == (1, 3, 4, channels)
    assert images.min() == 255


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.pgm"])
def test_sixteen_bits_are_scaled_to_eight(tmp_path, name):
    (tmp_path / "cats").mkdir()
    grey = np.array([[0, 128, 129], [257, 32_768, 65_535]], np.uint16)
    Image.fromarray(grey).save(tmp_path / "cats" / name)
    images, _, _ = read_class_folders(tmp_path)
    assert images[0, :, :, 0].tolist() == [[0, 0, 1], [1, 128, 255]]


@pytest.mark.parametrize("pixels", [np.float32([[0.5]]), np.int32([[65_536]]), np.int32([[-1]])])
def test_more_than_sixteen_bits_are_refused_rather_than_clipped(tmp_path, pixels):
    Image.fromarray(pixels).save(tmp_path / "a.tif")
    with pytest.raises(DataError, match=r"a\.tif has more than 16 bits"):
        read_image(tmp_path / "a.tif", (1, 1, 1))


@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_photographs_are_read_upright(tmp_path, noise, suffix, orientation):
    turned = [
        *(lambda a: a, np.fliplr, lambda a: np.rot90(a, 2), np.flipud),
        *(lambda a: a.swapaxes(0, 1), lambda a: np.rot90(a, -1)),
        *(lambda a: np.rot90(a, 2).swapaxes(0, 1), np.rot90),
    ]
    pixels, exif = noise(5, 7, 3), Image.Exif()
    exif[0x0112] = orientation
    lossless = {"lossless": True} if suffix == "webp" else {}
    (tmp_path / "cats").mkdir()
    Image.fromarray(pixels).save(tmp_path / "cats" / f"a.{suffix}", exif=exif, **lossless)
    images, _, _ = read_class_folders(tmp_path)
    np.testing.assert_array_equal(images[0], turned[orientation - 1](pixels))


def test_more_images_than_there_is_memory_for_are_refused(tmp_path, write_photographs, monkeypatch):
    def full(*_):
        raise MemoryError("Unable to allocate")

    write_photographs(tmp_path, {"cats": 2})
    monkeypatch.setattr(np, "zeros", full)
    with pytest.raises(
        DataError, match=r"not enough memory or disk space for 2 images of 5x7x3 in .*: Unable"
    ):
        read_class_folders(tmp_path)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".gif", ".bmp", ".tif", ".webp"])
def test_an_image_cut_off_or_empty_is_named(tmp_path, noise, suffix):
    path = tmp_path / "cats" / f"a{suffix}"
    path.parent.mkdir()
    Image.fromarray(noise(40, 50, 3)).save(path)
    whole = path.read_bytes()
    for length in (0, 7, len(whole) // 2):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match=f"a{suffix} cannot be read") as error:
            read_class_folders(tmp_path)
        assert "\n" not in str(error.value)


def test_missing_unknown_and_empty_classes_are_named(tmp_path, write_photographs):
    write_photographs(tmp_path, {"cats": 1, "dogs": 1})
    with pytest.raises(DataError, match="holds the classes cats, dogs; expected cats, dogs, owls"):
        read_class_folders(tmp_path, class_names=("cats", "dogs", "owls"))
    with pytest.raises(DataError, match=r"expected cats$"):
        read_class_folders(tmp_path, class_names=("cats",))
    (tmp_path / "owls").mkdir()
    with pytest.raises(DataError, match="owls holds no images"):
        read_class_folders(tmp_path)


def test_a_folder_without_classes_or_no_folder_is_named(tmp_path):
    with pytest.raises(DataError, match="holds no folders of images"):
        read_class_folders(tmp_path)
    with pytest.raises(DataError, match="does not exist"):
        read_class_folders(tmp_path / "missing")


@pytest.mark.parametrize("size", [(5, 7), (3, 4), (11, 13)])
def test_pixels_are_resized_as_files_are(tmp_path, noise, size):
    pixels = noise(5, 7, 3)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    np.testing.assert_array_equal(resize_pixels(pixels, *size), read_image(tmp_path / "a.png", (*size, 3)))
