"""Image sets loaded by their name or path: published, drawn, or the user's own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kzoo.data.arrays import repeat_grey, shape_text
from kzoo.data.image_cards import IMAGE_SETS, IMAGE_STAND_INS
from kzoo.data.images import ImageSet, Split
from kzoo.data.limits import MAX_SIDE
from kzoo.data.own import read_own
from kzoo.data.places import find, not_found
from kzoo.data.published import read_published
from kzoo.errors import DataError, UsageError
from kzoo.names import suggestion


def load_image_set(
    name_or_path: str | Path,
    *,
    data_dir: Path | None = None,
    image_shape: tuple[int, int, int] | None = None,
    stand_in: str | None = None,
    require_data: bool = False,
    stand_in_seed: int = 42,
    test_cut: bool = False,
) -> ImageSet:
    """Load an image set: published, drawn, or the user's own.

    Args:
        name_or_path: a set of the catalogue, a stand-in ("glyphs", "scenes", "scans"), or the path of the
            user's own folder or npz file (a name wins over a path; write `./mnist` for the path).
        data_dir: the folder that holds the set, or its parent; see `kzoo.data.places`.
        image_shape: `(height, width, channels)` that the model takes. A published or drawn set must have
            this height and width, and grey images become three equal channels if it asks for them; the
            user's own images are fitted, see `kzoo.data.own.read_own`.
        stand_in: draw this in place of a published set, even where that is found; by default the stand-in of
            its card, where it is not.
        require_data: refuse a stand-in.
        stand_in_seed: what a stand-in is drawn from.
        test_cut: test on as many OCTMNIST images as R004, see `kzoo.data.published.read_published`.

    Raises:
        UsageError: an unknown name, or a set that does not fit the option or the model.
        DataError: the set is required and not found, or a file of it is damaged.
    """
    name = str(name_or_path)
    if image_shape is not None:
        _check_shape(image_shape)
    if test_cut and name != "octmnist":
        raise UsageError(f"test_cut is R004's cut of octmnist; {name} has none")
    if isinstance(name_or_path, str) and name in IMAGE_SETS:
        card = IMAGE_SETS[name]
        folder = None if stand_in else find(name, data_dir)
        if folder is not None:
            return _with_channels(read_published(card, folder, test_cut=test_cut), image_shape)
        if require_data:
            raise not_found(card, data_dir)
        return _with_channels(_draw(stand_in or card.stand_in, stand_in_seed), image_shape)
    if isinstance(name_or_path, str) and name in IMAGE_STAND_INS:
        if require_data:
            raise DataError(f"{name} is a stand-in that kzoo draws, and real data is required")
        return _with_channels(_draw(name, stand_in_seed), image_shape)
    if Path(name).exists():
        return read_own(Path(name), image_shape)
    known = [*IMAGE_SETS, *IMAGE_STAND_INS]
    raise UsageError(f"no image set, folder or npz file is called {name!r}; {suggestion(name, known)}")


def _check_shape(shape: tuple[int, int, int]) -> None:
    if min(shape) < 1 or max(shape) > MAX_SIDE or shape[2] not in (1, 3):
        raise UsageError(
            f"images cannot be {shape_text(shape)}: expected height and width, {MAX_SIDE:,} at most, "
            "and 1 or 3 channels"
        )


def _draw(stand_in: str, seed: int) -> ImageSet:
    from kzoo.data.standins import draw_image_set

    return draw_image_set(stand_in, seed)


def _with_channels(image_set: ImageSet, image_shape: tuple[int, int, int] | None) -> ImageSet:
    shape = image_set.image_shape
    if image_shape is None or shape == image_shape:
        return image_set
    if shape != (*image_shape[:2], 1) or image_shape[2] != 3:
        found, wanted = shape_text(shape), shape_text(image_shape)
        raise UsageError(f"the images of {image_set.origin.name} are {found}, the model takes {wanted}")
    train, validation, test = (
        Split(repeat_grey(split.images), split.labels) for split in image_set.splits.values()
    )
    return replace(image_set, train=train, validation=validation, test=test)
