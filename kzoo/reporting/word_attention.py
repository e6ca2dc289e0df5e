"""Where in the image each word of a caption was written from (Xu et al., 2015, figures 2 and 3)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from kzoo.reporting.figure import SMALL_SIZE, WIDTH, new_figure, show_image, style_image

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = 6

_SHADE = LinearSegmentedColormap.from_list("shade", [(0, 0, 0, 0.8), (0, 0, 0, 0)])
"""From nearly black to nothing: what was attended is seen as it is, the rest in the dark."""


def word_attention(
    image: np.ndarray, words: Sequence[str], weights: np.ndarray, *, title: str = ""
) -> Figure:
    """Draw an image, and once more for each word with all in the dark that the word did not attend.

    It is darkest where a weight is 0 and light at the word's highest weight. That stands below each word, to
    be held against the weight of one region among equals, which stands below the image.

    Args:
        image: `(height, width, 1 or 3)`, uint8.
        words: the caption.
        weights: `(words, rows, columns)`, for each word a distribution over the regions of the image, which
            form a grid that covers it.
        title: the model and where it comes from.
    """
    columns = min(_COLUMNS, len(words) + 1)
    rows = math.ceil((len(words) + 1) / columns)
    height, width = image.shape[:2]
    figure = new_figure(rows * (WIDTH / columns * height / width + 0.45) + 0.3, title)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    _draw(panels[0], image, "image", f"equal {1 / weights[0].size:.2g}")
    for axes, word, attended in zip(panels[1:], words, weights, strict=False):
        _draw(axes, image, word, f"highest {attended.max():.2g}")
        _darken(axes, attended, height, width)
    for axes in panels[len(words) + 1 :]:
        axes.set_axis_off()
    return figure


def _draw(axes: Axes, image: np.ndarray, above: str, below: str) -> None:
    show_image(axes, image)
    style_image(axes, above)
    axes.set_xlabel(below, fontsize=SMALL_SIZE, color="0.4")


def _darken(axes: Axes, weights: np.ndarray, height: int, width: int) -> None:
    """Lay the shade over an image, smooth between the middles of the regions."""
    edges = (-0.5, width - 0.5, height - 0.5, -0.5)
    axes.imshow(weights, cmap=_SHADE, vmin=0, vmax=weights.max(), interpolation="bicubic", extent=edges)
