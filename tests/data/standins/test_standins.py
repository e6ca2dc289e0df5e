from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from kzoo.data.images.image_set import ImageSet, Split
from kzoo.data.standins import STAND_INS, draw_image_set
from kzoo.data.standins.fields import balanced_labels, smooth_noise, stretch
from kzoo.errors import UsageError

SHAPES = {"glyphs": (28, 28, 1), "scenes": (48, 48, 3), "scans": (28, 28, 1)}
CLASSES = {"glyphs": 10, "scenes": 6, "scans": 4}

every_stand_in = pytest.mark.parametrize("name", SHAPES)


def digest(split: Split) -> str:
    return hashlib.sha256(split.images.tobytes() + split.labels.tobytes()).hexdigest()


def in_another_process(code: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": "1"}
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment
    ).stdout.strip()


def test_there_is_one_stand_in_for_each_kind_of_image_set():
    assert set(STAND_INS) == set(SHAPES)


@every_stand_in
@pytest.mark.parametrize("count", [0, 1, 37])
def test_a_split_has_uint8_images_and_balanced_int32_labels(name, count):
    split = STAND_INS[name](count, 5)
    assert split.images.shape == (count, *SHAPES[name])
    assert split.images.dtype == np.uint8
    assert split.labels.dtype == np.int32
    occurrences = np.bincount(split.labels, minlength=CLASSES[name])
    assert len(occurrences) == CLASSES[name]
    assert occurrences.max() - occurrences.min() <= 1


@every_stand_in
def test_the_same_seed_draws_the_same_pixels_in_any_process(name):
    first = digest(STAND_INS[name](40, 11))
    assert digest(STAND_INS[name](40, 11)) == first
    code = (
        "import hashlib; from kzoo.data.standins import STAND_INS; "
        f"split = STAND_INS[{name!r}](40, 11); "
        "print(hashlib.sha256(split.images.tobytes() + split.labels.tobytes()).hexdigest())"
    )
    assert in_another_process(code) == first


@every_stand_in
def test_another_seed_draws_other_images(name):
    first, second = STAND_INS[name](60, 1), STAND_INS[name](60, 2)
    assert not (set(map(bytes, first.images)) & set(map(bytes, second.images)))
    assert not np.array_equal(first.labels, second.labels)


@every_stand_in
def test_drawing_does_not_touch_the_global_generator(name):
    np.random.seed(0)  # noqa: NPY002
    expected = np.random.random()  # noqa: NPY002
    np.random.seed(0)  # noqa: NPY002
    STAND_INS[name](8, 3)
    assert np.random.random() == expected  # noqa: NPY002


def test_drawing_imports_no_backend_and_importing_no_matplotlib():
    code = (
        "import sys; from kzoo.data.standins import STAND_INS; early = 'matplotlib' in sys.modules; "
        "[draw(4, 0) for draw in STAND_INS.values()]; "
        "print(early, *({'keras', 'tensorflow', 'torch', 'jax'} & set(sys.modules)))"
    )
    assert in_another_process(code) == "False"


@pytest.fixture(scope="module", params=SHAPES)
def image_set(request) -> ImageSet:
    return draw_image_set(request.param, 42, sizes=(1200, 120, 400))


def test_an_image_set_has_three_disjoint_splits_with_every_class(image_set):
    assert [len(split) for split in image_set.splits.values()] == [1200, 120, 400]
    pictures = [image.tobytes() for split in image_set.splits.values() for image in split.images]
    assert len(set(pictures)) == len(pictures)
    for split in image_set.splits.values():
        assert set(split.labels) == set(range(len(image_set.class_names)))


def test_an_image_set_says_that_it_is_a_stand_in(image_set):
    assert image_set.origin.stand_in
    assert image_set.origin.name in STAND_INS
    assert image_set.origin.location == "drawn with seed 42"
    assert image_set.image_shape == SHAPES[image_set.origin.name]
    assert len(set(image_set.class_names)) == CLASSES[image_set.origin.name]


def test_an_image_set_follows_its_seed():
    first, same, other = (draw_image_set("scans", seed, sizes=(8, 8, 8)) for seed in (7, 7, 8))
    assert first.sha256() == same.sha256()
    assert first.sha256() != other.sha256()


def test_default_sizes_are_drawn_when_none_are_given():
    assert [len(split) for split in draw_image_set("scans", 0).splits.values()] == [4000, 600, 600]


@pytest.mark.parametrize(("name", "seed"), [("digits", 0), ("scans", -1)])
def test_an_unknown_name_or_a_negative_seed_is_named(name, seed):
    with pytest.raises(UsageError, match=f"{name}.*expected"):
        draw_image_set(name, seed)


def test_the_classes_can_be_learnt_but_not_by_a_linear_rule(image_set):
    classes = len(image_set.class_names)
    pixels = {name: split.images.reshape(len(split), -1) / 256.0 for name, split in image_set.splits.items()}
    labels = image_set.train.labels
    means = np.stack([pixels["train"][labels == label].mean(axis=0) for label in range(classes)])
    distance = (means**2).sum(axis=1) - 2 * pixels["test"] @ means.T
    by_mean = np.mean(distance.argmin(axis=1) == image_set.test.labels)

    # Ridge regression onto one-hot labels, in its dual form: (K + I) a = Y.
    centre = pixels["train"].mean(axis=0)
    train, test = pixels["train"] - centre, pixels["test"] - centre
    weights = np.linalg.solve(train @ train.T + 10 * np.eye(len(train)), np.eye(classes)[labels])
    by_line = np.mean((test @ train.T @ weights).argmax(axis=1) == image_set.test.labels)

    # Chance is 1 / classes, give or take three standard deviations of a share of the test images.
    chance = 1 / classes
    assert by_mean > chance + 3 * np.sqrt(chance * (1 - chance) / len(image_set.test))
    assert by_line < 0.85


def test_every_image_has_a_picture_in_it(image_set):
    contrast = image_set.test.images.std(axis=(1, 2, 3))
    assert contrast.min() > 2
    saturated = np.isin(image_set.test.images, (0, 255)).mean()
    assert saturated < 0.2


def test_labels_are_shuffled():
    labels = balanced_labels(np.random.default_rng(0), 40, 4)
    assert not np.array_equal(labels, np.arange(40) % 4)


@pytest.mark.parametrize("axis", [1, 2])
def test_stretch_interpolates_linearly(axis):
    values = np.random.default_rng(0).random((2, 3, 5), dtype=np.float32)
    points = values.shape[axis]
    expected = np.apply_along_axis(
        lambda line: np.interp(np.linspace(0, points - 1, 11), np.arange(points), line), axis, values
    )
    np.testing.assert_allclose(stretch(values, 11, axis), expected, atol=1e-6)


def test_smooth_noise_is_bounded_and_smooth():
    noise = smooth_noise(np.random.default_rng(0), 3, (4, 5), (28, 30))
    assert noise.shape == (3, 28, 30)
    assert np.abs(noise).max() <= 1
    # Between two points that differ by 2 at most lie 27 / 3 and 29 / 4 steps.
    assert np.abs(np.diff(noise, axis=1)).max() <= 2 * 3 / 27 + 1e-6
    assert np.abs(np.diff(noise, axis=2)).max() <= 2 * 4 / 29 + 1e-6
