"""The kernels of a convolution (R001, question 2.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from kzoo.reporting.convolutions import find_convolution
from kzoo.reporting.figure import SMALL_SIZE, WIDTH, colour_bar, new_figure, style_image
from kzoo.reporting.mosaic import Mosaic, grid_columns

if TYPE_CHECKING:
    import keras
    from matplotlib.axes import Axes

_MOST_MAPS = 16


def layer_kernels(model: keras.Model, layer: str | None = None) -> np.ndarray:
    """The kernels `(height, width, inputs, outputs)` of a convolution, the first one if `layer` is None.

    Raises:
        UsageError: the model has no such convolution.
    """
    import keras

    return keras.ops.convert_to_numpy(find_convolution(model, layer).kernel).astype(np.float32)


def kernels(weights: np.ndarray, *, title: str = "") -> Figure:
    """Draw the kernels `(height, width, inputs, outputs)` of a convolution, all on one scale.

    One input gives a grey tile for each output, three inputs a coloured one, whose red, green and blue are
    1/2 + w / (2 max|w|). Any other number gives a grid of grey tiles, a row for each output and a column
    for each input, of which the first 16 are drawn.
    """
    limit = float(np.abs(weights).max()) or 1.0
    inputs = weights.shape[2]
    if inputs == 3:
        return _coloured_tiles(weights, limit, title)
    return _grey_tiles(weights[:, :, 0], limit, title) if inputs == 1 else _grid(weights, limit, title)


def _coloured_tiles(weights: np.ndarray, limit: float, title: str) -> Figure:
    outputs = weights.shape[-1]
    layout = Mosaic(np.moveaxis(0.5 + weights / (2 * limit), -1, 0), grid_columns(outputs), gap=1)
    figure, axes = _panel(layout, title, f"{outputs} kernels; mid-grey is 0, full colour {limit:.2g}")
    layout.draw(axes)
    axes.set_yticks(layout.row_centres, layout.row_names)
    return figure


def _grey_tiles(weights: np.ndarray, limit: float, title: str) -> Figure:
    outputs = weights.shape[-1]
    layout = Mosaic(np.moveaxis(weights, -1, 0), grid_columns(outputs), gap=1)
    figure, axes = _panel(layout, title, f"{outputs} kernels")
    colour_bar(axes, layout.draw(axes, cmap="gray", vmin=-limit, vmax=limit), "weight")
    axes.set_yticks(layout.row_centres, layout.row_names)
    return figure


def _grid(weights: np.ndarray, limit: float, title: str) -> Figure:
    drawn = weights[:, :, :_MOST_MAPS, :_MOST_MAPS]
    height, width, columns, rows = drawn.shape
    layout = Mosaic(drawn.transpose(3, 2, 0, 1).reshape(rows * columns, height, width), columns, gap=1)
    inputs, outputs = weights.shape[2:]
    subtitle = f"kernels of {rows} of {outputs} outputs and {columns} of {inputs} inputs"
    figure, axes = _panel(layout, title, subtitle)
    colour_bar(axes, layout.draw(axes, cmap="gray", vmin=-limit, vmax=limit), "weight")
    axes.set_xlabel("input", fontsize=SMALL_SIZE)
    axes.set_ylabel("output", fontsize=SMALL_SIZE)
    axes.set_xticks(layout.column_centres, [str(index) for index in range(columns)])
    axes.set_yticks(layout.row_centres, [str(index) for index in range(rows)])
    return figure


def _panel(layout: Mosaic, title: str, subtitle: str) -> tuple[Figure, Axes]:
    height, width = layout.shape
    figure = new_figure(min(WIDTH, 0.75 * WIDTH * height / width + 0.8), title)
    axes = figure.subplots()
    style_image(axes, subtitle)
    return figure, axes
