"""The activation maps of a convolution for one image (R000; R002, question 2.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from kzoo.pictures.convolutions import find_convolution
from kzoo.pictures.figure import WIDTH, colour_bar, new_figure, show_image, style_image
from kzoo.pictures.mosaic import Mosaic, grid_columns

if TYPE_CHECKING:
    import keras


def layer_activations(model: keras.Model, image: np.ndarray, layer: str | None = None) -> np.ndarray:
    """Return the output of a convolution for one image, before the nonlinearity.

    The zoo's models have a convolution and its ReLU as separate layers, so the output is the pre-activation.

    Args:
        model: a functional model.
        image: `(height, width, channels)`, uint8; divided by 256, as in training.
        layer: the name of the convolution, the first convolution if None.

    Returns:
        The activation maps `(height, width, maps)`, float32.

    Raises:
        UsageError: the model has no such convolution.
    """
    import keras

    from kzoo.training.objective import scale_pixels

    convolution = find_convolution(model, layer)
    until = keras.Model(model.input, convolution.output)
    maps = until(scale_pixels(image[np.newaxis]), training=False)
    return keras.ops.convert_to_numpy(maps)[0].astype(np.float32)


def activations(image: np.ndarray, maps: np.ndarray, *, title: str = "") -> Figure:
    """Draw an image beside its activation maps, all on one colour scale where white is 0.

    Args:
        image: `(height, width, 1 or 3)`, uint8.
        maps: `(height, width, maps)`, from `layer_activations`.
        title: the model, the layer and the class of the image.
    """
    layout = Mosaic(np.moveaxis(maps, -1, 0), grid_columns(maps.shape[-1]), gap=max(1, len(maps) // 12))
    figure = new_figure(0.65 * WIDTH * layout.shape[0] / layout.shape[1] + 0.8, title)
    image_axes, maps_axes = figure.subplots(1, 2, width_ratios=(1, 4))
    show_image(image_axes, image)
    style_image(image_axes, "image")
    artist = layout.draw(maps_axes, float(np.abs(maps).max()))
    style_image(maps_axes, f"{len(layout.tiles)} maps before the nonlinearity")
    maps_axes.set_yticks(layout.row_centres, layout.row_names)
    colour_bar(maps_axes, artist, "activation")
    return figure
