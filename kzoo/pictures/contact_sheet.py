"""Contact sheets: images with the captions of a model and the reference captions (R001 3)."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from kzoo.pictures.figure import SMALL_SIZE, WIDTH, new_figure, plain, show_image

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BOLD_LETTER, _LETTER, _LINE, _GAP = 0.07, 0.062, 0.14, 0.2
"""Inches: the width of a letter in a caption and in a reference, the height of a line, and the gap."""


def contact_sheet(
    images: Sequence[np.ndarray],
    captions: Sequence[str],
    references: Sequence[Sequence[str]],
    *,
    columns: int = 3,
    title: str = "",
) -> Figure:
    """Draw images, and below each the model's caption in bold and then the reference captions.

    Args:
        images: each `(height, width, 1 or 3)`, uint8.
        captions: the model's caption of each image.
        references: the reference captions of each image.
        columns: the number of images in a row.
        title: the model and the split.
    """
    width = WIDTH / columns
    model_lines = [_wrap([text], (width - _GAP) / _BOLD_LETTER) for text in captions]
    people_lines = [_wrap(texts, (width - _GAP) / _LETTER, mark="· ") for texts in references]
    text_heights = [
        _LINE * (len(model) + len(people)) + _GAP
        for model, people in zip(model_lines, people_lines, strict=True)
    ]
    heights = []
    for start in range(0, len(images), columns):
        row = slice(start, start + columns)
        heights += [width * min(1, max(map(_aspect, images[row]))), max(text_heights[row])]
    figure = new_figure(sum(heights) + 0.4, title)
    panels = figure.subplots(len(heights), columns, height_ratios=heights, squeeze=False)
    for axes in panels.ravel():
        axes.set_axis_off()
    for axes, image in zip(panels[0::2].ravel(), images, strict=False):
        show_image(axes, image)
        axes.set_anchor("SW")
    for axes, model, people in zip(panels[1::2].ravel(), model_lines, people_lines, strict=False):
        _write(axes, model, 0, weight="bold")
        _write(axes, people, len(model), color="0.3")
    return figure


def _wrap(texts: Sequence[str], letters: float, mark: str = "") -> list[str]:
    """Wrap texts into lines of at most `letters` characters; each text begins with the mark."""
    wrapper = textwrap.TextWrapper(
        math.floor(letters), initial_indent=mark, subsequent_indent=" " * len(mark)
    )
    return [line for text in texts for line in wrapper.wrap(text)]


def _aspect(image: np.ndarray) -> float:
    """Return the height of an image over its width."""
    return image.shape[0] / image.shape[1]


def _write(axes: Axes, lines: Sequence[str], above: int, **look: Any) -> None:
    """Write lines into a panel, starting `above` lines below its top."""
    for place, line in enumerate(lines, above):
        axes.annotate(
            plain(line),
            (0, 1),
            xytext=(0, -72 * _LINE * place),
            xycoords="axes fraction",
            textcoords="offset points",
            verticalalignment="top",
            fontsize=SMALL_SIZE,
            clip_on=True,
            **look,
        )
