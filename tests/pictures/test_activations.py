import keras
import numpy as np
import pytest

from kzoo.errors import UsageError
from kzoo.pictures.activations import activations, layer_activations
from kzoo.pictures.mosaic import Mosaic, grid_columns

RNG = np.random.default_rng(0)
IMAGE = RNG.integers(0, 256, (13, 11, 3), dtype=np.uint8)


def network():
    inputs = keras.Input(IMAGE.shape)
    x = keras.layers.Conv2D(7, (5, 3), name="conv1")(inputs)
    x = keras.layers.ReLU()(x)
    x = keras.layers.Conv2D(2, 3, strides=2, name="conv2")(x)
    x = keras.layers.Flatten()(keras.layers.ReLU()(x))
    model = keras.Model(inputs, keras.layers.Dense(4)(keras.layers.Dropout(0.5)(x)), name="little")
    for layer in model.layers:
        layer.set_weights([RNG.normal(size=weight.shape) for weight in layer.get_weights()])
    return model


def convolve(image, kernel, bias, stride=1):
    """The valid cross-correlation, element by element."""
    height, width, _, outputs = kernel.shape
    rows = (image.shape[0] - height) // stride + 1
    columns = (image.shape[1] - width) // stride + 1
    maps = np.zeros((rows, columns, outputs))
    for row, column, output in np.ndindex(maps.shape):
        top, left = row * stride, column * stride
        window = image[top : top + height, left : left + width]
        maps[row, column, output] = (window * kernel[..., output]).sum() + bias[output]
    return maps


def test_activations_of_the_first_convolution_are_those_before_the_nonlinearity():
    model = network()
    maps = layer_activations(model, IMAGE)
    expected = convolve(IMAGE / 256, *model.get_layer("conv1").get_weights())
    assert maps.shape == (9, 9, 7)
    assert maps.dtype == np.float32
    assert expected.min() < 0
    np.testing.assert_allclose(maps, expected, rtol=1e-4, atol=1e-5)


def test_activations_of_a_named_convolution():
    model = network()
    maps = layer_activations(model, IMAGE, "conv2")
    first = np.maximum(convolve(IMAGE / 256, *model.get_layer("conv1").get_weights()), 0)
    expected = convolve(first, *model.get_layer("conv2").get_weights(), stride=2)
    assert maps.shape == (4, 4, 2)
    np.testing.assert_allclose(maps, expected, rtol=1e-4, atol=1e-4)


def test_unknown_layer_is_refused():
    with pytest.raises(UsageError, match="did you mean 'conv1'"):
        layer_activations(network(), IMAGE, "conv_1")


@pytest.mark.parametrize("count", [1, 8, 13, 16, 32, 128])
@pytest.mark.parametrize("channels", [1, 3])
def test_picture_shows_the_image_and_every_map(count, channels):
    image, maps = IMAGE[:, :, :channels], RNG.normal(size=(5, 7, count))
    image_axes, maps_axes = activations(image, maps).axes
    (image_artist,) = image_axes.get_images()
    (maps_artist,) = maps_axes.get_images()
    np.testing.assert_array_equal(np.asarray(image_artist.get_array()).reshape(image.shape), image)
    layout = Mosaic(maps.transpose(2, 0, 1), grid_columns(count), gap=1)
    np.testing.assert_array_equal(np.asarray(maps_artist.get_array().filled(np.nan)), layout.image)


def test_zero_is_the_middle_of_the_one_scale():
    maps = np.zeros((5, 7, 8))
    maps[0, 0, 3], maps[1, 1, 5] = -4.0, 1.0
    figure = activations(IMAGE, maps, title="little, conv1")
    (artist,) = figure.axes[1].get_images()
    assert artist.get_clim() == (-4.0, 4.0)
    assert artist.colorbar.ax.get_ylabel() == "activation"
    assert figure.get_suptitle() == "little, conv1"
    assert "8 maps" in figure.axes[1].get_title()


def test_a_dead_layer_is_drawn():
    figure = activations(IMAGE, np.zeros((5, 7, 8)))
    figure.draw_without_rendering()
    assert figure.axes[1].get_images()[0].get_clim() == (-1.0, 1.0)


def test_a_diverged_model_is_drawn():
    figure = activations(IMAGE, np.full((5, 7, 8), np.nan, dtype=np.float32))
    figure.draw_without_rendering()
    assert figure.axes[1].get_images()[0].get_array().mask.all()
