from itertools import pairwise

import numpy as np
import pytest

from kzoo.layers import LogMelSpectrogram
from kzoo.pictures.speech_alignment import speech_alignment

RNG = np.random.default_rng(6)
FRAMES = RNG.normal(size=(37, 11)).astype("float32")
TRANSFORM = LogMelSpectrogram(8_000, hop=160, mels=11)


def picture(written, **options):
    weights = RNG.dirichlet(np.ones(19), len(written))
    return speech_alignment(FRAMES, written, weights, TRANSFORM, **options), weights


def test_attention_lies_below_the_spectrogram_over_the_same_seconds():
    figure, weights = picture(["a", " ", "b", "end"], title="small [run]")
    figure.draw_without_rendering()
    above, below = figure.axes
    np.testing.assert_array_equal(above.get_images()[0].get_array(), FRAMES.T)
    np.testing.assert_array_equal(below.get_images()[0].get_array(), weights)
    for axes in (above, below):
        assert axes.get_xlim() == pytest.approx((0, 37 * 0.02))
    assert above.get_window_extent().intervalx == pytest.approx(below.get_window_extent().intervalx)
    assert above.get_window_extent().y0 > below.get_window_extent().y1
    assert below.get_xlabel() == "seconds"
    assert above.get_ylabel() == "Hz"
    assert figure.get_suptitle() == "small [run]"


def test_tokens_stand_downwards_beside_their_rows():
    figure, _ = picture(["a", " ", "b", "end"])
    figure.draw_without_rendering()
    below = figure.axes[1]
    assert [label.get_text() for label in below.get_yticklabels()] == ["a", "\u2423", "b", "end"]
    assert list(below.get_yticks()) == [0, 1, 2, 3]
    assert below.get_ylim() == (3.5, -0.5)


def test_each_colour_bar_has_its_name():
    figure, _ = picture("ab")
    figure.draw_without_rendering()
    assert [bar.get_ylabel() for axes in figure.axes for bar in axes.child_axes] == [
        "log power, scaled",
        "weight",
    ]


@pytest.mark.parametrize("count", [1, 98])
def test_tokens_do_not_overlap_however_many_they_are(count):
    figure, _ = picture("x" * count)
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in figure.axes[1].get_yticklabels()]
    assert all(lower.y1 <= upper.y0 + 1 for upper, lower in pairwise(boxes))
