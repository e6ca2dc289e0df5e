import warnings

import numpy as np
import pytest

from kzoo.pictures.alignment import alignment
from kzoo.pictures.figure import WIDTH


def picture(source, written, **options):
    weights = np.random.default_rng(1).dirichlet(np.ones(len(source)), len(written)).astype("float32")
    return alignment(source, written, weights, **options), weights


@pytest.mark.parametrize("written", ["zy", "zyx", "z" * 17])
def test_sources_stand_above_and_what_was_written_beside(written):
    figure, weights = picture("ab c", written, title="small [run]")
    axes = figure.axes[0]
    figure.draw_without_rendering()
    assert [label.get_text() for label in axes.get_xticklabels()] == ["a", "b", "\u2423", "c"]
    assert [label.get_text() for label in axes.get_yticklabels()] == list(written)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("read", "written")
    assert figure.get_suptitle() == "small [run]"
    (image,) = axes.get_images()
    np.testing.assert_array_equal(image.get_array(), weights)
    assert image.get_clim() == (0, weights.max())
    # Row 0 is on top.
    assert axes.yaxis_inverted()


def test_tokens_of_several_characters_and_a_blank_written():
    figure, _ = picture(("AH0", "B", r"$\frac$", "é"), ("a", " ", "end"))
    axes = figure.axes[0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.draw_without_rendering()
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "\u2423", "end"]
    assert axes.get_xticklabels()[0].get_text() == "AH0"


def test_cells_are_squares_and_the_picture_has_an_end():
    small, _ = picture("abcd", "abcd")
    assert small.axes[0].get_aspect() == 1
    assert small.get_size_inches()[0] == WIDTH
    assert small.get_size_inches()[1] == pytest.approx(WIDTH, rel=0.1)
    tall, _ = picture("a", "b" * 50)
    assert tall.get_size_inches()[1] < 4 * WIDTH
    tall.draw_without_rendering()


def test_one_colour_bar_says_what_the_colours_are():
    figure, weights = picture("abc", "xy")
    figure.draw_without_rendering()
    bars = [axes for axes in figure.axes[0].child_axes if axes.get_ylabel() == "weight"]
    assert len(bars) == 1
    assert bars[0].get_ylim() == pytest.approx((0, weights.max()))
