from itertools import pairwise

import numpy as np
import pytest

from kzoo.pictures.confusion import confusion

NAMES = ("cat", "dog", "emu")
MATRIX = np.array([[6, 1, 3, 0], [0, 0, 0, 0], [2, 0, 2, 0]])


def names(labels):
    return [label.get_text() for label in labels]


def test_colours_are_shares_of_the_true_class():
    axes = confusion(MATRIX, NAMES, title="little").axes[0]
    (artist,) = axes.get_images()
    expected = [[0.6, 0.1, 0.3], [0, 0, 0], [0.5, 0, 0.5]]
    np.testing.assert_allclose(np.asarray(artist.get_array()), expected)
    assert artist.get_clim() == (0, 1)
    assert artist.colorbar.ax.get_ylabel() == "share of the true class"


def test_counts_are_written_in_their_cells():
    axes = confusion(MATRIX, NAMES).axes[0]
    counts = {text.get_position(): text.get_text() for text in axes.texts}
    assert counts == {(column, row): str(MATRIX[row, column]) for row, column in np.ndindex(3, 3)}


def test_classes_are_named_on_both_axes():
    figure = confusion(MATRIX, NAMES, title="little, test split")
    axes = figure.axes[0]
    assert names(axes.get_xticklabels()) == names(axes.get_yticklabels()) == list(NAMES)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted class", "true class")
    assert figure.get_suptitle() == "little, test split"


def test_a_class_with_dollar_signs_is_no_formula():
    confusion(MATRIX, (r"$\frac$", "dog", "emu")).draw_without_rendering()


def test_predictions_outside_the_classes_get_a_named_column():
    matrix = MATRIX.copy()
    matrix[1, 3] = 5
    axes = confusion(matrix, NAMES).axes[0]
    assert names(axes.get_xticklabels()) == [*NAMES, "none of these"]
    assert names(axes.get_yticklabels()) == list(NAMES)
    assert np.asarray(axes.get_images()[0].get_array())[1, 3] == 1
    assert (3, 1) in {text.get_position() for text in axes.texts}


def test_a_square_matrix_is_drawn_as_it_is():
    (artist,) = confusion(MATRIX[:, :3], NAMES).axes[0].get_images()
    assert artist.get_array().shape == (3, 3)


@pytest.mark.parametrize(("classes", "texts"), [(4, 16), (10, 100), (30, 0)])
def test_many_classes_get_no_numbers(classes, texts):
    matrix = np.eye(classes, dtype=int)
    axes = confusion(matrix, [f"class {index}" for index in range(classes)]).axes[0]
    assert len(axes.texts) == texts


def test_names_of_thirty_classes_do_not_overlap():
    figure = confusion(np.eye(30, dtype=int), [f"species {index}" for index in range(30)])
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in figure.axes[0].get_yticklabels()]
    assert all(below.y1 <= above.y0 for above, below in pairwise(boxes))
