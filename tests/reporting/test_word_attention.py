import numpy as np
import pytest

from kzoo.reporting.figure import WIDTH
from kzoo.reporting.word_attention import word_attention

RNG = np.random.default_rng(3)
IMAGE = RNG.integers(0, 256, (11, 17, 3), dtype=np.uint8)


def picture(count, image=IMAGE, **options):
    words = [f"word{place}" for place in range(count)]
    weights = RNG.dirichlet(np.ones(5 * 7), count).reshape(count, 5, 7)
    return word_attention(image, words, weights, **options), weights


def shown(figure):
    return [axes for axes in figure.axes if axes.axison]


@pytest.mark.parametrize("count", [1, 5, 6, 21])
def test_the_image_comes_first_and_then_once_for_each_word(count):
    figure, weights = picture(count, title="little")
    figure.draw_without_rendering()
    first, *others = shown(figure)
    assert figure.get_suptitle() == "little"
    (plain,) = first.get_images()
    np.testing.assert_array_equal(plain.get_array(), IMAGE)
    assert [axes.get_title() for axes in others] == [f"word{place}" for place in range(count)]
    for axes, attended in zip(others, weights, strict=True):
        image, shade = axes.get_images()
        np.testing.assert_array_equal(image.get_array(), IMAGE)
        np.testing.assert_array_equal(shade.get_array(), attended)


def test_the_shade_covers_the_image_and_is_gone_at_the_highest_weight():
    figure, weights = picture(2)
    for axes, attended in zip(shown(figure)[1:], weights, strict=True):
        image, shade = axes.get_images()
        assert shade.get_extent() == image.get_extent()
        colours = shade.to_rgba(attended)
        assert np.all(colours[..., :3] == 0)
        darkness = colours[..., 3].ravel()
        assert darkness[attended.argmax()] == 0
        assert shade.to_rgba(0.0)[3] > 0.5
        assert np.all(np.diff(darkness[np.argsort(attended, axis=None)]) <= 0)


def test_equal_weights_leave_the_image_as_it_is():
    figure = word_attention(IMAGE, ["flat"], np.full((1, 5, 7), 1 / 35))
    shade = shown(figure)[1].get_images()[1]
    assert np.all(shade.to_rgba(shade.get_array())[..., 3] == 0)


def test_the_highest_weight_stands_below_beside_that_of_equal_ones():
    weights = np.full((2, 5, 5), 0.5 / 24)
    weights[:, 1, 2] = 0.5
    labels = [axes.get_xlabel() for axes in shown(word_attention(IMAGE, ["a", "b"], weights))]
    assert labels == ["equal 0.04", "highest 0.5", "highest 0.5"]


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 40, 1)])
def test_images_of_any_size_keep_their_shape(shape):
    figure, _ = picture(8, np.zeros(shape, np.uint8))
    figure.draw_without_rendering()
    assert figure.get_size_inches()[0] == WIDTH
    box = shown(figure)[0].get_window_extent()
    assert box.height / box.width == pytest.approx(shape[0] / shape[1], rel=0.05)


def test_words_do_not_run_into_the_images_above_them():
    figure, _ = picture(13)
    figure.draw_without_rendering()
    panels = shown(figure)
    for above, below in zip(panels, panels[6:], strict=False):
        assert below.title.get_window_extent().y1 <= above.xaxis.label.get_window_extent().y0
