"""Each operation against loops over the pixels."""

from __future__ import annotations

import math

import keras
import numpy as np
import pytest

from kzoo.recipe import AugmentationSection
from kzoo.training.augmentation.images import (
    Colour,
    CutMix,
    Cutout,
    Geometry,
    Mixup,
    image_mixing,
    image_operations,
)

HEIGHT, WIDTH = 5, 7


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(3)


@pytest.fixture(params=[1, 3], ids=["grey", "colour"])
def images(request, rng) -> np.ndarray:
    return (rng.integers(0, 256, (11, HEIGHT, WIDTH, request.param)) / 256).astype("float32")


def compute(operation, images: np.ndarray, draws: np.ndarray) -> np.ndarray:
    return keras.ops.convert_to_numpy(operation(*map(keras.ops.convert_to_tensor, (images, draws))))


def at(image: np.ndarray, row: int, column: int) -> np.ndarray:
    inside = 0 <= row < HEIGHT and 0 <= column < WIDTH
    return image[row, column] if inside else np.zeros(image.shape[-1], "float32")


# ---- geometry ----


def test_shift_and_flip_copy_pixels_exactly(images, rng):
    """Which copies are possible is listed, and the result is one of them, to the bit."""
    geometry = Geometry(HEIGHT, WIDTH, shift=2, flip=True)
    found = compute(geometry, images, geometry.draw(rng, len(images)))
    seen = set()
    for image, result in zip(images, found, strict=True):
        possible = {}
        for mirrored in (False, True):
            source = image[:, ::-1] if mirrored else image
            for dy in range(-2, 3):
                for dx in range(-2, 3):
                    copy = [[at(source, y + dy, x + dx) for x in range(WIDTH)] for y in range(HEIGHT)]
                    possible[mirrored, dy, dx] = np.array(copy)
        seen |= {which for which, copy in possible.items() if np.array_equal(copy, result)}
    assert len(seen) > 5
    assert {mirrored for mirrored, *_ in seen} == {False, True}


def test_every_shift_is_drawn_and_half_of_the_images_are_mirrored(rng):
    a, b, c, d, e, f = Geometry(HEIGHT, WIDTH, shift=2, flip=True).draw(rng, 4_000).T
    assert (np.abs(a) == 1).all()
    assert (e == 1).all()
    assert not b.any()
    assert not d.any()
    assert set(f) == {-2, -1, 0, 1, 2} == set(np.where(a == 1, c, c - WIDTH + 1))
    assert abs((a == -1).mean() - 0.5) < 5 * 0.5 / math.sqrt(4_000)


def test_resampling_is_linear_interpolation_at_the_drawn_places(images, rng):
    geometry = Geometry(HEIGHT, WIDTH, shift=1, flip=True, rotation=40, crop=0.5)
    draws = geometry.draw(rng, len(images))
    found = compute(geometry, images, draws)
    for image, (a, b, c, d, e, f), result in zip(images, draws.astype("float64"), found, strict=True):
        for row in range(HEIGHT):
            for column in range(WIDTH):
                x, y = a * column + b * row + c, d * column + e * row + f
                expected = sum(
                    (1 - abs(x - i)) * (1 - abs(y - j)) * at(image, j, i)
                    for i in (math.floor(x), math.floor(x) + 1)
                    for j in (math.floor(y), math.floor(y) + 1)
                )
                np.testing.assert_allclose(result[row, column], expected, atol=1e-5)


def test_a_rotation_turns_about_the_centre_by_up_to_its_angle(rng):
    a, b, c, d, e, f = Geometry(HEIGHT, WIDTH, rotation=30).draw(rng, 1_000).T.astype("float64")
    angles = np.degrees(np.arctan2(d, a))
    assert 29 < np.abs(angles).max() <= 30.001
    np.testing.assert_allclose(a * e - b * d, 1, atol=1e-6)
    np.testing.assert_allclose(a * 3 + b * 2 + c, 3, atol=1e-5)
    np.testing.assert_allclose(d * 3 + e * 2 + f, 2, atol=1e-5)


def test_a_crop_lies_inside_the_image_and_has_at_least_its_share(rng):
    a, b, c, d, e, f = Geometry(HEIGHT, WIDTH, crop=0.4).draw(rng, 1_000).T.astype("float64")
    assert not b.any()
    assert not d.any()
    assert 0.4 <= (a * e).min() < 0.42
    assert (a * e).max() <= 1
    for size, scale, start in ((WIDTH, a, c), (HEIGHT, e, f)):  # the outer edges of the outer pixels
        assert (start - scale / 2 >= -0.5 - 1e-5).all()
        assert (start + scale * (size - 0.5) <= size - 0.5 + 1e-5).all()


# ---- colour, cutout ----


def test_colour_scales_brightness_then_contrast_then_saturation(images, rng):
    colour = Colour(0.6)
    draws = colour.draw(rng, len(images))
    assert 0.4 <= draws.min() < draws.max() <= 1.6
    weights = np.array([0.299, 0.587, 0.114] if images.shape[-1] == 3 else [1.0])
    found = compute(colour, images, draws)
    for image, (brightness, contrast, saturation), result in zip(images, draws, found, strict=True):
        x = np.clip(image * brightness, 0, 255 / 256)
        middle = (x @ weights).mean()
        x = np.clip(middle + contrast * (x - middle), 0, 255 / 256)
        grey = (x @ weights)[..., None]
        np.testing.assert_allclose(
            result, np.clip(grey + saturation * (x - grey), 0, 255 / 256), rtol=1e-5, atol=1e-6
        )


@pytest.mark.parametrize("side", [1, 2, 3])
def test_cutout_is_a_square_around_a_pixel(images, rng, side):
    cutout = Cutout(HEIGHT, WIDTH, side)
    draws = cutout.draw(rng, len(images))
    found = compute(cutout, images, draws)
    for image, (top, bottom, left, right), result in zip(images, draws, found, strict=True):
        assert bottom - top == right - left == side
        assert 0 <= top + side // 2 < HEIGHT
        assert 0 <= left + side // 2 < WIDTH
        expected = image.copy()
        expected[max(top, 0) : bottom, max(left, 0) : right] = 0
        np.testing.assert_array_equal(result, expected)


# ---- mixing ----


def test_mixup_is_the_weighted_sum_with_the_image_before(images, rng):
    mixup = Mixup(0.7)
    draws = mixup.draw(rng, len(images))
    found = compute(mixup, images, draws)
    for place, (share,) in enumerate(draws):
        expected = share * images[place] + (1 - share) * images[place - 1]
        np.testing.assert_allclose(found[place], expected, atol=1e-6)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(mixup.share(draws)), draws[:, 0])


def test_the_weights_of_mixup_have_the_moments_of_the_beta_distribution(rng):
    draws = Mixup(0.5).draw(rng, 10_000)
    assert draws.mean() == pytest.approx(0.5, abs=0.02)
    assert draws.var() == pytest.approx(1 / (4 * (2 * 0.5 + 1)), abs=0.005)


def test_cutmix_pastes_a_box_and_weighs_the_labels_by_its_area(images, rng):
    cutmix = CutMix(HEIGHT, WIDTH, 1.0)
    draws = cutmix.draw(rng, len(images))
    found = compute(cutmix, images, draws)
    shares = keras.ops.convert_to_numpy(cutmix.share(keras.ops.convert_to_tensor(draws)))
    for place, (top, bottom, left, right) in enumerate(draws):
        expected = images[place].copy()
        expected[top:bottom, left:right] = images[place - 1][top:bottom, left:right]
        np.testing.assert_array_equal(found[place], expected)
        pasted = (bottom - top) * (right - left) / (HEIGHT * WIDTH)
        assert shares[place] == pytest.approx(1 - pasted, abs=1e-6)
    assert len(set(shares)) > 3


# ---- what a recipe asks for ----


def test_the_section_gives_only_the_operations_that_it_asks_for():
    assert image_operations(AugmentationSection(), HEIGHT, WIDTH) == ()
    assert image_mixing(AugmentationSection(), HEIGHT, WIDTH) is None
    section = AugmentationSection(shift=1, crop=0.5, colour=0.1, cutout=2, cutmix=0.3)
    assert image_operations(section, HEIGHT, WIDTH) == (
        Geometry(HEIGHT, WIDTH, shift=1, crop=0.5),
        Colour(0.1),
        Cutout(HEIGHT, WIDTH, 2),
    )
    assert image_mixing(section, HEIGHT, WIDTH) == CutMix(HEIGHT, WIDTH, 0.3)
    assert image_mixing(AugmentationSection(mixup=0.2), HEIGHT, WIDTH) == Mixup(0.2)
