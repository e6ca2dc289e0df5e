"""SpecAugment and noise against loops over the frames."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from kzoo.recipe import AugmentationSection
from kzoo.training.augmentation.spectrograms import Masks, Noise, spectrogram_operations

LENGTHS = np.array([13, 5, 1, 8])
TIME, BINS = 13, 6


@pytest.fixture
def frames() -> np.ndarray:
    values = np.random.default_rng(1).normal(size=(len(LENGTHS), TIME, BINS)).astype("float32")
    for clip, length in zip(values, LENGTHS, strict=True):
        clip[length:] = 0
    return values


def compute(operation, frames: np.ndarray, draws: np.ndarray) -> np.ndarray:
    return keras.ops.convert_to_numpy(operation(*map(keras.ops.convert_to_tensor, (frames, draws))))


@pytest.mark.parametrize(("axis", "lengths"), [(1, LENGTHS), (2, BINS)])
def test_masked_intervals_are_the_mean_of_the_real_frames(frames, axis, lengths):
    masks = Masks(axis, 2, 4, lengths)
    draws = masks.draw(np.random.default_rng(2), len(frames))
    found = compute(masks, frames, draws)
    for clip, spans, length, result in zip(frames, draws, LENGTHS, found, strict=True):
        expected, mean = clip.copy(), clip[:length].mean()
        for start, end in spans:
            if axis == 1:
                expected[start:end] = mean
            else:
                expected[:length, start:end] = mean
        np.testing.assert_allclose(result, expected, atol=1e-6)
    assert (found != frames).any()


def test_an_interval_is_uniform_in_width_and_place_and_inside_the_clip():
    count = 6_000
    lengths = np.tile([9, 3], count // 2)
    starts, ends = Masks(1, 1, 4, lengths).draw(np.random.default_rng(3), count)[:, 0].T
    assert (starts >= 0).all()
    assert (ends <= lengths).all()
    for length, widest in ((9, 4), (3, 3)):
        chosen = lengths == length
        widths = (ends - starts)[chosen]
        counts = np.bincount(widths, minlength=widest + 1)
        assert len(counts) == widest + 1
        np.testing.assert_allclose(counts / len(widths), 1 / (widest + 1), atol=0.04)
        places = np.bincount(starts[chosen][widths == 2], minlength=length - 1)
        np.testing.assert_allclose(places / places.sum(), 1 / (length - 1), atol=0.08)


def test_noise_has_its_deviation_and_leaves_padding(frames):
    noise = Noise(0.3)
    loud = np.concatenate([frames, np.ones((1, TIME, BINS), "float32")])
    draws = noise.draw(np.random.default_rng(4), len(loud))
    added = compute(noise, loud, draws) - loud
    for clip, length in zip(added, [*LENGTHS, TIME], strict=True):
        assert not clip[length:].any()
        assert clip[:length].all()
    long = np.ones((2, 4_000, BINS), "float32")
    added = compute(noise, long, draws[:2]) - long
    assert added.mean() == pytest.approx(0, abs=0.01)
    assert added.std() == pytest.approx(0.3, abs=0.01)
    assert (added[0] != added[1]).any()


def test_the_section_gives_only_the_operations_that_it_asks_for():
    assert spectrogram_operations(AugmentationSection(), LENGTHS, BINS) == ()
    section = AugmentationSection(
        time_masks=2, time_mask_width=5, frequency_masks=1, frequency_mask_width=3, noise=0.1
    )
    assert spectrogram_operations(section, LENGTHS, BINS) == (
        Noise(0.1),
        Masks(2, 1, 3, BINS),
        Masks(1, 2, 5, LENGTHS),
    )
