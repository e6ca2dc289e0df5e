"""Reader of images, and of image files in one folder for each class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from kzoo.data.errors import regular, unreadable
from kzoo.data.images.arrays import shape_text
from kzoo.data.large_arrays import zeros
from kzoo.errors import DataError, UsageError

if TYPE_CHECKING:
    from PIL import Image

ImageSource: TypeAlias = "str | Path | Image.Image | np.ndarray"
"""An image file, an image of Pillow, or pixels in uint8, `(height, width)` or `(height, width, channels)`.

The channels are 1 (grey), 3 (RGB) or 4 (RGBA)."""

FORMS = "paths of image files, images of Pillow, or uint8 arrays"
"""The forms of `ImageSource` in words."""

SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})
"""The suffixes of image files. All other files, such as `.DS_Store`, are ignored."""

_MODES = {1: "L", 3: "RGB"}
_WHITE_16_BITS = 0xFFFF


def class_folders(folder: Path) -> list[Path]:
    """Return the folders in `folder` sorted by name, without hidden folders and `__MACOSX`."""
    return sorted(
        entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith((".", "__MACOSX"))
    )


def read_class_folders(
    folder: Path,
    image_shape: tuple[int, int, int] | None = None,
    class_names: Sequence[str] | None = None,
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Read all images in `folder/<class>/`, with classes and images sorted by name.

    Args:
        folder: the folder that holds one folder of images for each class.
        image_shape: `(height, width, channels)` to which images are resized (bilinear, antialiased, ignoring
            the aspect ratio). One channel is the ITU-R BT.601 luma, and transparency is dropped. If None,
            all images must have the shape of the first one. Photographs are rotated as their EXIF
            orientation says, and 16-bit grey images are scaled to 8 bits.
        class_names: the exact set of expected classes. If None, all folders are classes.

    Returns:
        The images `(count, height, width, channels)` in uint8, the labels `(count,)` in int32, and the
        class names.

    Raises:
        DataError: a class is missing, unknown or empty, or an image cannot be read.
    """
    try:
        classes = class_folders(folder)
        files = {entry.name: _image_files(entry) for entry in classes}
    except OSError as error:
        raise unreadable(folder, error) from error
    _check_classes(folder, files, class_names)
    paths = [path for entry in files.values() for path in entry]
    shape = image_shape or _shape_of(paths[0])
    what = f"{len(paths):,} images of {shape_text(shape)} in {folder}"
    images = zeros((len(paths), *shape), np.uint8, what)
    for row, path in enumerate(paths):
        images[row] = read_image(path, shape, resize=image_shape is not None)
    labels = np.repeat(np.arange(len(files), dtype=np.int32), [len(entry) for entry in files.values()])
    return images, labels, tuple(files)


def _image_files(folder: Path) -> list[Path]:
    return sorted(
        path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
    )


def _check_classes(folder: Path, files: dict[str, list[Path]], class_names: Sequence[str] | None) -> None:
    if not files:
        raise DataError(f"{folder} holds no folders of images, one for each class")
    if class_names is not None and set(files) != set(class_names):
        raise DataError(f"{folder} holds the classes {', '.join(files)}; expected {', '.join(class_names)}")
    for name, paths in files.items():
        if not paths:
            raise DataError(f"{folder / name} holds no images")


def _shape_of(path: Path) -> tuple[int, int, int]:
    image = _open(path)
    return image.height, image.width, 1 if image.mode in ("1", "L", "LA") else 3


def is_image(value: object) -> bool:
    """Return whether a value is a single image in one of the forms of `read_image`; a batch is none."""
    from PIL import Image

    return isinstance(value, str | Path | Image.Image) or (isinstance(value, np.ndarray) and value.ndim < 4)


def read_image(source: ImageSource, shape: tuple[int, int, int], *, resize: bool = True) -> np.ndarray:
    """Read an image as uint8 `(height, width, channels)` in RGB or luma, resized if necessary.

    Raises:
        DataError: the image cannot be read, or it has another size and `resize` is False.
        UsageError: an array does not hold an image in uint8.
    """
    height, width, channels = shape
    image = _open(source).convert(_MODES[channels])
    if image.size != (width, height) and not resize:
        raise DataError(
            f"{source} is {image.height}x{image.width}, the first image is {height}x{width}: "
            "give the height, width and channels to resize to"
        )
    return _resized(image, height, width).reshape(shape)


def resize_pixels(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize an image `(h, w, 3)` in uint8, by the same method as `read_image`."""
    from PIL import Image

    return pixels if pixels.shape[:2] == (height, width) else _resized(Image.fromarray(pixels), height, width)


def _resized(image: Image.Image, height: int, width: int) -> np.ndarray:
    from PIL import Image

    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(image)


def _open(source: ImageSource) -> Image.Image:
    """Open an image, rotate it upright and convert it to 8 bits for each channel."""
    from PIL import Image, ImageOps

    if isinstance(source, np.ndarray):
        return _from_pixels(source)
    try:
        if isinstance(source, Image.Image):
            image = ImageOps.exif_transpose(source)
        else:
            with Image.open(regular(Path(source))) as image:
                image.load()
                ImageOps.exif_transpose(image, in_place=True)
    except DataError:
        raise
    except Exception as error:  # Pillow's decoders raise many kinds of errors
        raise unreadable(source, error) from error
    return _to_8_bits(image, source) if image.mode[0] in "IF" else image


def _from_pixels(pixels: np.ndarray) -> Image.Image:
    """Convert pixels to an image of Pillow. Raises UsageError if they are no image in uint8."""
    from PIL import Image

    if pixels.dtype != np.uint8 or pixels.ndim < 2 or pixels.shape[2:] not in ((), (1,), (3,), (4,)):
        raise UsageError(
            f"an array of shape {pixels.shape} and type {pixels.dtype} is not an image: expected (height, "
            "width) or (height, width, channels) with 1, 3 or 4 channels, in uint8"
        )
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2:] == (1,) else pixels)


def _to_8_bits(image: Image.Image, source: object) -> Image.Image:
    """Scale a 16-bit grey image of any Pillow mode so that its white, 65,535, becomes 255."""
    from PIL import Image

    grey = np.asarray(image)
    if grey.dtype.kind == "f" or grey.min() < 0 or grey.max() > _WHITE_16_BITS:
        raise DataError(f"{source} has more than 16 bits for each channel: convert it to 8 bits")
    return Image.fromarray(np.rint(grey * (255 / _WHITE_16_BITS)).astype(np.uint8))
