import keras
import numpy as np
import pytest

from kzoo.pictures.kernels import kernels, layer_kernels

RNG = np.random.default_rng(0)
HEIGHT, WIDTH = 5, 3


def drawn_tile(image, row, column):
    top, left = row * (HEIGHT + 1), column * (WIDTH + 1)
    return image[top : top + HEIGHT, left : left + WIDTH]


def drawn(figure):
    (artist,) = figure.axes[0].get_images()
    return artist, np.asarray(artist.get_array())


def test_layer_kernels_are_those_of_the_layer():
    inputs = keras.Input((11, 7, 3))
    x = keras.layers.Conv2D(2, (HEIGHT, WIDTH), name="conv1")(inputs)
    model = keras.Model(inputs, keras.layers.Conv2D(7, 3, name="conv2")(x))
    for name, shape in (("conv1", (HEIGHT, WIDTH, 3, 2)), ("conv2", (3, 3, 2, 7))):
        weights = layer_kernels(model, name)
        assert weights.shape == shape
        np.testing.assert_array_equal(weights, model.get_layer(name).get_weights()[0])
    np.testing.assert_array_equal(layer_kernels(model), layer_kernels(model, "conv1"))


def test_one_input_gives_a_tile_for_each_output():
    weights = RNG.normal(size=(HEIGHT, WIDTH, 1, 8))
    figure = kernels(weights, title="little, conv1")
    artist, image = drawn(figure)
    for output in range(8):
        np.testing.assert_array_equal(drawn_tile(image, *divmod(output, 4)), weights[:, :, 0, output])
    limit = np.abs(weights).max()
    assert artist.colorbar.ax.get_ylabel() == "weight"
    assert artist.get_clim() == (-limit, limit)
    assert figure.get_suptitle() == "little, conv1"
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["0-3", "4-7"]


def test_three_inputs_stand_side_by_side_in_the_tile_of_their_output():
    weights = RNG.normal(size=(HEIGHT, WIDTH, 3, 8))
    figure = kernels(weights)
    artist, image = drawn(figure)
    for output, colour in np.ndindex(8, 3):
        row, column = divmod(output, 4)
        top, left = row * (HEIGHT + 1), column * (3 * WIDTH + 1) + colour * WIDTH
        part = image[top : top + HEIGHT, left : left + WIDTH]
        np.testing.assert_array_equal(part, weights[:, :, colour, output])
    limit = np.abs(weights).max()
    assert artist.get_clim() == (-limit, limit)
    assert artist.colorbar.ax.get_ylabel() == "weight"
    assert figure.axes[0].get_title() == "8 kernels, each for red, green and blue"


def test_other_inputs_give_a_grid_of_outputs_by_inputs():
    weights = RNG.normal(size=(HEIGHT, WIDTH, 2, 7))
    figure = kernels(weights)
    _, image = drawn(figure)
    for output, input_ in np.ndindex(7, 2):
        np.testing.assert_array_equal(drawn_tile(image, output, input_), weights[:, :, input_, output])
    axes = figure.axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("input", "output")
    assert axes.get_title() == "kernels of 7 of 7 outputs and 2 of 2 inputs"


def test_a_large_grid_is_cut_and_says_so():
    weights = RNG.normal(size=(HEIGHT, WIDTH, 19, 23))
    figure = kernels(weights)
    artist, image = drawn(figure)
    assert image.shape == (16 * (HEIGHT + 1) - 1, 16 * (WIDTH + 1) - 1)
    np.testing.assert_array_equal(drawn_tile(image, 15, 14), weights[:, :, 14, 15])
    assert figure.axes[0].get_title() == "kernels of 16 of 23 outputs and 16 of 19 inputs"
    assert artist.get_clim()[1] == np.abs(weights).max()


@pytest.mark.parametrize("inputs", [1, 3, 2])
def test_kernels_of_zeros_are_drawn(inputs):
    figure = kernels(np.zeros((HEIGHT, WIDTH, inputs, 4)))
    figure.draw_without_rendering()
    _, image = drawn(figure)
    assert np.all(drawn_tile(image, 0, 0) == 0)


@pytest.mark.parametrize("inputs", [1, 3, 2])
def test_kernels_of_a_diverged_model_are_drawn(inputs):
    figure = kernels(np.full((HEIGHT, WIDTH, inputs, 4), np.nan, dtype=np.float32))
    figure.draw_without_rendering()
    assert not np.isfinite(np.ma.filled(drawn_tile(drawn(figure)[0].get_array(), 0, 0), np.nan)).any()
