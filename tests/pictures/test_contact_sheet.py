import numpy as np
import pytest

from kzoo.pictures.contact_sheet import contact_sheet

RNG = np.random.default_rng(4)
LONG = "a residential area with many houses arranged neatly and a piece of lawn in the upper right corner"


def images(count, shape=(11, 11, 3)):
    return RNG.integers(0, 256, (count, *shape), dtype=np.uint8)


def pictures(figure):
    return [axes for axes in figure.axes if axes.get_images()]


def notes(figure):
    """The panels below the images, with their text in bold and in plain letters."""
    panels = [axes for axes in figure.axes if axes.texts]
    texts = [
        [text for text in axes.texts if text.get_weight() == weight]
        for axes in panels
        for weight in ("bold", "normal")
    ]
    lines = [" ".join(text.get_text().strip() for text in several) for several in texts]
    return panels, lines[0::2], lines[1::2]


def test_each_image_stands_above_its_caption_and_references():
    drawn = images(4)
    captions = ["one", "two", "three", "four"]
    references = [["a", "b"], ["c"], ["d", "e", "f"], ["g"]]
    figure = contact_sheet(drawn, captions, references, title="small [run], test")
    figure.draw_without_rendering()
    assert figure.get_suptitle() == "small [run], test"
    panels, bold, plain = notes(figure)
    assert bold == captions
    assert plain == ["· a · b", "· c", "· d · e · f", "· g"]
    for axes, image, below in zip(pictures(figure), drawn, panels, strict=True):
        np.testing.assert_array_equal(axes.get_images()[0].get_array(), image)
        above, text = axes.get_window_extent(), below.get_window_extent()
        assert text.y1 <= above.y0
        assert text.x0 == pytest.approx(above.x0, abs=1)


def test_long_texts_are_wrapped_between_words_and_lose_none():
    _, bold, plain = notes(contact_sheet(images(1), [LONG], [[LONG, LONG]]))
    assert bold == [LONG]
    assert plain == [f"· {LONG} · {LONG}"]


@pytest.mark.parametrize("columns", [2, 3, 4])
def test_no_text_leaves_its_place(columns):
    count = 2 * columns - 1
    figure = contact_sheet(images(count), [LONG] * count, [[LONG] * 5] * count, columns=columns)
    figure.draw_without_rendering()
    panels, _, _ = notes(figure)
    assert len(panels) == count
    for axes in panels:
        place = axes.get_window_extent()
        boxes = [text.get_window_extent() for text in axes.texts]
        assert max(box.x1 for box in boxes) <= place.x1
        assert place.y0 <= min(box.y0 for box in boxes)
        tops = [box.y1 for box in boxes]
        assert tops == sorted(tops, reverse=True)
        assert place.y0 >= figure.bbox.y0 - 1


def test_a_word_too_long_for_a_line_is_broken_or_cut():
    figure = contact_sheet(images(1), ["W" * 60], [["x" * 200]])
    panels, bold, _ = notes(figure)
    assert bold[0].replace(" ", "") == "W" * 60
    assert all(text.get_clip_on() for text in panels[0].texts)


def test_a_sign_of_money_is_not_a_formula():
    figure = contact_sheet(images(1), [r"from $5 to $\6"], [[r"$\x$"]])
    figure.draw_without_rendering()  # it refuses a formula that is none


def test_images_of_several_shapes_fit_into_a_square_each():
    shapes = [(3, 3, 3), (40, 5, 3), (5, 40, 3), (9, 4, 1)]
    drawn = [RNG.integers(0, 256, shape, dtype=np.uint8) for shape in shapes]
    figure = contact_sheet(drawn, ["", "b", "", "d"], [[], [], ["e"], []])
    figure.draw_without_rendering()
    first, *others = pictures(figure)
    left = first.get_window_extent().x0
    assert others[-1].get_window_extent().x0 == pytest.approx(left)
    for axes, (height, width, _) in zip([first, *others], shapes, strict=True):
        box = axes.get_window_extent()
        assert box.height / box.width == pytest.approx(height / width, rel=0.05)
        assert max(box.height, box.width) <= 1.02 * figure.bbox.width / 3
