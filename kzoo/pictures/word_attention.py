"""The attention of each word of a caption to the image (Xu et al., 2015, figures 2 and 3)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from kzoo.pictures.figure import SMALL_SIZE, WIDTH, new_figure, show_image, style_image

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = 6

_CONTRAST = 0.4
"""The share of an image's contrast to white that remains where a weight is 0."""

_LUMINANCE = (0.299, 0.587, 0.114)
"""The weights of red, green and blue in the luminance, by ITU-R BT.601."""


def word_attention(
    image: np.ndarray, words: Sequence[str], weights: np.ndarray, *, title: str = ""
) -> Figure:
    """Draw an image, and for each word a pale grey copy that keeps its colours where the word attends.

    A copy is palest where the weight is 0, and unchanged at the word's highest weight. That weight is printed
    below each word. The weight of a region under uniform attention is printed below the image for comparison.

    Args:
        image: `(height, width, 1 or 3)`, uint8.
        words: the words of the caption.
        weights: `(words, rows, columns)`, for each word a distribution over the regions of the image, which
            form a grid that covers it.
        title: the model and the origin of the image.
    """
    columns = min(_COLUMNS, len(words) + 1)
    rows = math.ceil((len(words) + 1) / columns)
    height, width = image.shape[:2]
    figure = new_figure(rows * (WIDTH / columns * height / width + 0.45) + 0.3, title)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    _draw(panels[0], image, "image", f"equal {1 / weights[0].size:.2g}")
    for axes, word, attended in zip(panels[1:], words, weights, strict=False):
        _draw(axes, highlight(image, attended), word, f"highest {attended.max():.2g}")
    for axes in panels[len(words) + 1 :]:
        axes.set_axis_off()
    return figure


def highlight(image: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return an image `(height, width, 1 or 3)`, uint8, pale grey where `(rows, columns)` weights are small.

    The weights are interpolated between the centres of the regions.
    """
    height, width, channels = image.shape
    shares = Image.fromarray((weights / weights.max()).astype(np.float32))
    seen = np.asarray(shares.resize((width, height), Image.Resampling.BILINEAR))[..., np.newaxis]
    grey = image if channels == 1 else image @ np.array(_LUMINANCE)[:, np.newaxis]
    pale = 255 - _CONTRAST * (255 - grey)
    return np.rint(seen * image + (1 - seen) * pale).astype(np.uint8)


def _draw(axes: Axes, image: np.ndarray, above: str, below: str) -> None:
    """Draw an image with a text above and below it."""
    show_image(axes, image)
    style_image(axes, above)
    axes.set_xlabel(below, fontsize=SMALL_SIZE, color="0.4")
