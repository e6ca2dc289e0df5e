import numpy as np
import pytest

from kzoo.pictures.mistakes import mistakes, most_confident_mistakes

NAMES = ("cat", "dog", "emu")
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (5, 7, 11, 3), dtype=np.uint8)
LABELS = np.array([0, 1, 2, 0, 1])
PROBABILITIES = np.array(
    [
        [0.1, 0.6, 0.3, 0.0],
        [0.1, 0.8, 0.1, 0.0],
        [0.7, 0.1, 0.2, 0.0],
        [0.0, 0.1, 0.0, 0.9],
        [0.3, 0.3, 0.4, 0.0],
    ]
)


def panels(figure):
    return [axes for axes in figure.axes if axes.get_images()]


def drawn(figure):
    return [np.asarray(axes.get_images()[0].get_array()) for axes in panels(figure)]


def captions(figure):
    return [axes.get_title() for axes in panels(figure)]


def test_mistakes_come_in_the_order_of_their_confidence():
    assert list(most_confident_mistakes(LABELS, PROBABILITIES)) == [3, 2, 0, 4]


def test_most_confident_mistakes_equal_the_loop():
    labels, probabilities = RNG.integers(0, 4, 200), RNG.dirichlet(np.ones(7), 200)
    rows = []
    for row in range(200):
        guess = max(range(7), key=lambda output: probabilities[row, output])
        if guess != labels[row]:
            rows.append((-probabilities[row, guess], row))
    assert list(most_confident_mistakes(labels, probabilities)) == [row for _, row in sorted(rows)]


def test_picture_shows_the_images_with_their_captions():
    figure = mistakes(IMAGES, LABELS, PROBABILITIES, NAMES, title="little")
    for image, row in zip(drawn(figure), [3, 2, 0, 4], strict=True):
        np.testing.assert_array_equal(image, IMAGES[row])
    assert captions(figure) == [
        "cat →\nnone of these (0.900)",
        "emu →\ncat (0.700)",
        "cat →\ndog (0.600)",
        "dog →\nemu (0.400)",
    ]
    assert figure.get_suptitle() == "little\n4 of 5 images predicted wrong"


def test_a_full_picture_keeps_the_most_confident_and_says_so():
    figure = mistakes(IMAGES, LABELS, PROBABILITIES, NAMES, most=2)
    assert captions(figure) == ["cat →\nnone of these (0.900)", "emu →\ncat (0.700)"]
    assert figure.get_suptitle() == "4 of 5 images predicted wrong, the 2 most confident"


@pytest.mark.parametrize("count", [1, 6, 7, 24, 30])
def test_any_number_of_mistakes_fills_as_many_panels(count):
    images = RNG.integers(0, 256, (count, 7, 11, 1), dtype=np.uint8)
    figure = mistakes(images, np.zeros(count, int), np.tile([0.2, 0.8], (count, 1)), NAMES)
    assert len(panels(figure)) == min(count, 24)
    assert all(not axes.axison for axes in figure.axes if not axes.get_images())


def test_no_mistakes_are_said_in_words():
    figure = mistakes(IMAGES, PROBABILITIES.argmax(axis=1), PROBABILITIES, NAMES)
    figure.draw_without_rendering()
    assert figure.axes == []
    assert figure.get_suptitle() == "0 of 5 images predicted wrong"
