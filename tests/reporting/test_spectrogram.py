import numpy as np
import pytest

from kzoo.reporting.spectrogram import spectrogram

FRAMES = np.random.default_rng(5).normal(size=(37, 11)).astype("float32")


def test_time_runs_to_the_right_in_seconds_and_bins_upwards():
    figure = spectrogram(FRAMES, seconds_per_frame=0.02, title="an utterance")
    figure.draw_without_rendering()
    (axes,) = figure.axes
    (image,) = axes.get_images()
    np.testing.assert_array_equal(image.get_array(), FRAMES.T)
    assert axes.get_xlim() == pytest.approx((0, 37 * 0.02))
    assert axes.get_ylim() == pytest.approx((-0.5, 10.5))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("seconds", "mel bin")
    assert figure.get_suptitle() == "an utterance"


def test_the_colour_bar_says_what_the_colours_are():
    figure = spectrogram(FRAMES, seconds_per_frame=0.01)
    figure.draw_without_rendering()
    (bar,) = figure.axes[0].child_axes
    assert bar.get_ylabel() == "log power, scaled"
    assert bar.get_ylim() == pytest.approx((FRAMES.min(), FRAMES.max()))
    # It lies inside the picture.
    assert bar.yaxis.label.get_window_extent().x1 <= figure.bbox.x1
