import keras
import pytest

from kzoo.errors import UsageError
from kzoo.pictures.convolutions import find_convolution


def network():
    inputs = keras.Input((11, 7, 3))
    x = keras.layers.Conv2D(2, 3, name="conv1")(inputs)
    x = keras.layers.ReLU(name="conv1_relu")(x)
    return keras.Model(inputs, keras.layers.Conv2D(5, 3, name="conv2")(x), name="little")


def test_the_first_convolution_is_found_without_a_name():
    assert find_convolution(network()).name == "conv1"


def test_a_convolution_is_found_by_name():
    assert find_convolution(network(), "conv2").name == "conv2"


@pytest.mark.parametrize("name", ["conv3", "conv1_relu"])
def test_another_name_is_refused_with_the_nearest(name):
    with pytest.raises(
        UsageError, match=rf"'little' has no convolution called '{name}'; did you mean 'conv\d'"
    ):
        find_convolution(network(), name)


def test_a_name_far_from_all_gets_the_list():
    with pytest.raises(UsageError, match="known: conv1, conv2"):
        find_convolution(network(), "xyz")


def test_a_model_without_convolution_is_refused():
    inputs = keras.Input((4,))
    model = keras.Model(inputs, keras.layers.Dense(2)(inputs), name="dense")
    with pytest.raises(UsageError, match="'dense' has no convolution"):
        find_convolution(model)
