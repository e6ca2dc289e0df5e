"""Pictures of the kernels of a convolution (R001, question 2.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from kzoo.pictures.convolutions import find_convolution
from kzoo.pictures.figure import SMALL_SIZE, WIDTH, colour_bar, new_figure, style_image
from kzoo.pictures.mosaic import Mosaic, grid_columns

if TYPE_CHECKING:
    import keras
    from matplotlib.axes import Axes

_MOST_MAPS = 16


def layer_kernels(model: keras.Model, layer: str | None = None) -> np.ndarray:
    """Return the kernels `(height, width, inputs, outputs)` of a convolution, the first if `layer` is None.

    Raises:
        UsageError: the model has no such convolution.
    """
    import keras

    return keras.ops.convert_to_numpy(find_convolution(model, layer).kernel).astype(np.float32)


def kernels(weights: np.ndarray, *, title: str = "") -> Figure:
    """Draw the kernels `(height, width, inputs, outputs)` of a convolution on one scale where white is 0.

    One input gives one tile for each output. Three inputs give a tile of three parts, red, green and blue
    from left to right, because a mixed colour would hide the signs of the weights. Any other number of inputs
    gives a grid with a row for each of the first 16 outputs and a column for each of the first 16 inputs.
    """
    return _tiles(weights, title) if weights.shape[2] in (1, 3) else _grid(weights, title)


def _tiles(weights: np.ndarray, title: str) -> Figure:
    """Draw a tile for each output, with the inputs side by side."""
    height, width, inputs, outputs = weights.shape
    tiles = weights.transpose(3, 0, 2, 1).reshape(outputs, height, inputs * width)
    layout = Mosaic(tiles, grid_columns(outputs, inputs), gap=1, parts=inputs)
    subtitle = f"{outputs} kernels{', each for red, green and blue' * (inputs == 3)}"
    figure, axes = _draw(layout, weights, title, subtitle)
    axes.set_yticks(layout.row_centres, layout.row_names)
    return figure


def _grid(weights: np.ndarray, title: str) -> Figure:
    """Draw a tile for each pair of an output and an input, up to 16 of either."""
    drawn = weights[:, :, :_MOST_MAPS, :_MOST_MAPS]
    height, width, columns, rows = drawn.shape
    layout = Mosaic(drawn.transpose(3, 2, 0, 1).reshape(rows * columns, height, width), columns, gap=1)
    inputs, outputs = weights.shape[2:]
    subtitle = f"kernels of {rows} of {outputs} outputs and {columns} of {inputs} inputs"
    figure, axes = _draw(layout, weights, title, subtitle)
    axes.set_xlabel("input", fontsize=SMALL_SIZE)
    axes.set_ylabel("output", fontsize=SMALL_SIZE)
    axes.set_xticks(layout.column_centres, [str(index) for index in range(columns)])
    axes.set_yticks(layout.row_centres, [str(index) for index in range(rows)])
    return figure


def _draw(layout: Mosaic, weights: np.ndarray, title: str, subtitle: str) -> tuple[Figure, Axes]:
    """Draw the mosaic on a colour scale that covers all weights, with a colour bar."""
    height, width = layout.shape
    figure = new_figure(min(WIDTH, 0.75 * WIDTH * height / width + 0.8), title)
    axes = figure.subplots()
    style_image(axes, subtitle)
    colour_bar(axes, layout.draw(axes, float(np.abs(weights).max())), "weight")
    return figure, axes
