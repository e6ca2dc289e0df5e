import numpy as np
import pytest

from kzoo.pictures.figure import WIDTH
from kzoo.pictures.word_attention import highlight, word_attention

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
        (drawn,) = axes.get_images()
        np.testing.assert_array_equal(drawn.get_array(), highlight(IMAGE, attended))


def test_an_image_is_as_it_is_at_the_highest_weight_and_pale_grey_where_there_is_none():
    weights = np.zeros((2, 4))
    weights[0, 3] = 0.7
    photograph = np.random.default_rng(1).integers(0, 200, (20, 40, 3), dtype=np.uint8)
    seen = highlight(photograph, weights)
    assert (seen.shape, seen.dtype) == (photograph.shape, np.uint8)
    np.testing.assert_array_equal(seen[:5, 35:], photograph[:5, 35:])
    elsewhere, before = seen[:, :20].astype(float), photograph[:, :20]
    assert np.ptp(elsewhere, axis=-1).max() == 0, "no colours"
    assert elsewhere.min() > 0.5 * 255, "nothing is dark"
    assert np.corrcoef(elsewhere[..., 0].ravel(), before.mean(axis=-1).ravel())[0, 1] > 0.8, "recognisable"


def test_a_grey_image_is_paler_where_it_is_not_attended():
    weights = np.array([[0.0, 1.0]])
    seen = highlight(np.full((4, 8, 1), 100, np.uint8), weights)
    assert seen.shape == (4, 8, 1)
    assert np.all(np.diff(seen[0, :, 0].astype(int)) <= 0)
    assert (seen[0, -1, 0], seen[0, 0, 0]) == (100, 255 - 0.4 * 155)


@pytest.mark.parametrize("channels", [1, 3])
def test_equal_weights_leave_the_image_as_it_is(channels):
    image = IMAGE[..., :channels]
    np.testing.assert_array_equal(highlight(image, np.full((5, 7), 1 / 35)), image)


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
