"""Trainings on augmented examples: what is drawn, what a step learns from, and what stays on the device."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from kzoo.data.images.image_set import PIXEL_LEVELS
from kzoo.training.augmentation import draw_epoch
from kzoo.training.augmentation.images import Cutout, Geometry, Mixup
from kzoo.training.feeding import to_device

GEOMETRY = {"shift": 2, "flip": True, "rotation": 10, "crop": 0.8, "colour": 0.2, "cutout": 3}


def test_draws_are_a_function_of_seed_and_epoch():
    operations = Geometry(7, 5, shift=2), Mixup(0.4)
    first, again = (draw_epoch(operations, 9, 3, 1) for _ in range(2))
    others = draw_epoch(operations, 9, 3, 2), draw_epoch(operations, 9, 4, 1)
    for place, draws in enumerate(first):
        np.testing.assert_array_equal(draws, again[place])
        assert all((draws != other[place]).any() for other in others)


@pytest.mark.parametrize(
    "augmentation", [GEOMETRY | {"mixup": 0.4}, {"cutmix": 1.0}], ids=["mixup", "cutmix"]
)
def test_the_same_seed_gives_the_same_bits(
    stateful_model, training, noise, image_experiment, train, augmentation
):
    """Twice with augmentation, and once without, in batches of which the last is smaller."""
    models, rows = [stateful_model() for _ in range(3)], []
    for model, keys in zip(models, (augmentation, augmentation, {}), strict=True):
        rows.append(train(image_experiment(training(epochs=2), noise(30), **keys), model)[0])
    assert rows[0] == rows[1] != rows[2]
    for ours, theirs in zip(*(model.get_weights() for model in models[:2]), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_batch_is_augmented_by_the_draws_of_its_rows(training, noise, image_experiment):
    experiment = image_experiment(training(seed=8), noise(13), cutout=3, mixup=0.4)
    images, labels, boxes, shares = experiment.examples()(4).arrays
    drawn = draw_epoch((Cutout(7, 5, 3), Mixup(0.4)), 13, 8, 4)
    np.testing.assert_array_equal(boxes, drawn[0])
    np.testing.assert_array_equal(shares, drawn[1])
    rows = np.array([5, 0, 12], np.int32)
    cut = images[rows] / PIXEL_LEVELS
    for image, (top, bottom, left, right) in zip(cut, boxes[rows], strict=True):
        image[max(top, 0) : bottom, max(left, 0) : right] = 0
    before, share = rows[[2, 0, 1]], shares[rows][:, :, None, None]
    tensors = list(map(keras.ops.convert_to_tensor, (images, labels, boxes, shares)))
    batch, targets = experiment.objective().batch(tensors, keras.ops.convert_to_tensor(rows), [])
    expected = share * cut + (1 - share) * cut[[2, 0, 1]]
    np.testing.assert_allclose(keras.ops.convert_to_numpy(batch), expected, atol=1e-6)
    for found, true in zip(targets, (labels[rows], labels[before], shares[rows][:, 0]), strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(found), true)


def test_without_augmentation_the_examples_are_images_and_labels_alone(training, noise, image_experiment):
    data = noise(13)
    arrays = image_experiment(training(), data).examples()(1).arrays
    assert len(arrays) == 2
    assert arrays[0] is data.images
    assert arrays[1] is data.labels


def test_only_what_is_drawn_anew_goes_to_the_device_again(training, noise, image_experiment):
    examples = image_experiment(training(), noise(24), cutout=3).examples()
    first = to_device(examples(1).arrays, [])
    second = to_device(examples(2).arrays, first)
    assert [one is other for (_, one), (_, other) in zip(first, second, strict=True)] == [True, True, False]
    for array, tensor in second:
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(tensor), array)
