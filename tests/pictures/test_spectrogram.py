from itertools import pairwise

import numpy as np
import pytest
from keras import ops

from kzoo.layers import LogMelSpectrogram
from kzoo.pictures.spectrogram import spectrogram

FRAMES = np.random.default_rng(5).normal(size=(37, 11)).astype("float32")
TRANSFORM = LogMelSpectrogram(8_000, hop=160, mels=11)


def test_time_runs_to_the_right_in_seconds_and_bins_upwards():
    figure = spectrogram(FRAMES, TRANSFORM, title="an utterance")
    figure.draw_without_rendering()
    (axes,) = figure.axes
    (image,) = axes.get_images()
    np.testing.assert_array_equal(image.get_array(), FRAMES.T)
    assert axes.get_xlim() == pytest.approx((0, 37 * 0.02))
    assert axes.get_ylim() == pytest.approx((-0.5, 10.5))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("seconds", "Hz")
    assert figure.get_suptitle() == "an utterance"


@pytest.mark.parametrize(
    ("rate", "marked"),
    [
        (8_000, ["250", "500", "1k", "2k", "4k"]),
        (16_000, ["250", "500", "1k", "2k", "4k", "8k"]),
        (22_050, ["250", "500", "1k", "2k", "4k", "8k"]),
    ],
)
def test_octaves_are_marked_up_to_the_nyquist_frequency(rate, marked):
    transform = LogMelSpectrogram(rate, mels=80)
    figure = spectrogram(np.zeros((5, 80)), transform)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == marked
    boxes = [label.get_window_extent() for label in axes.get_yticklabels()]
    assert all(lower.y1 <= upper.y0 for lower, upper in pairwise(boxes))


@pytest.mark.parametrize("mel_rate", [None, 16_000])
def test_a_tone_is_loudest_at_the_mark_of_its_frequency(mel_rate):
    transform = LogMelSpectrogram(22_050, mel_rate=mel_rate, mels=80)
    times = np.arange(2_205) / 22_050
    for frequency, mark in ((1_000, "1k"), (4_000, "4k")):
        tone = np.sin(2 * np.pi * frequency * times)[None].astype("float32")
        frames = ops.convert_to_numpy(transform(tone))[0]
        (axes,) = spectrogram(frames, transform).axes
        places = {label.get_text(): label.get_position()[1] for label in axes.get_yticklabels()}
        assert abs(places[mark] - frames.mean(axis=0).argmax()) <= 1


def test_the_colour_bar_says_what_the_colours_are():
    figure = spectrogram(FRAMES, TRANSFORM)
    figure.draw_without_rendering()
    (bar,) = figure.axes[0].child_axes
    assert bar.get_ylabel() == "log power, scaled"
    assert bar.get_ylim() == pytest.approx((FRAMES.min(), FRAMES.max()))
    # It lies inside the picture.
    assert bar.yaxis.label.get_window_extent().x1 <= figure.bbox.x1
