"""What each token of a sequence was written from (Bahdanau et al., 2015, figure 3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from kzoo.pictures.figure import SMALL_SIZE, TEXT_SIZE, WIDTH, colour_bar, new_figure, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SPACE = "\u2423"
"""A blank that can be seen."""

_TALLEST = 3
"""Heights of a picture in widths: beyond it the cells shrink."""


def alignment(
    source: Sequence[str], written: Sequence[str], weights: np.ndarray, *, title: str = ""
) -> Figure:
    """Draw attention weights, the source's tokens from left to right and the written ones downwards.

    Args:
        source, written: the tokens.
        weights: `(written, source)`, each row a distribution.
        title: the model and where it comes from.
    """
    height = 1.2 + 0.85 * WIDTH * min(len(written) / len(source), _TALLEST)
    figure = new_figure(height, title)
    axes = figure.subplots()
    draw_weights(axes, written, weights)
    axes.set_xticks(range(len(source)), _visible(source))
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xlabel("read", fontsize=TEXT_SIZE)
    return figure


def draw_weights(axes: Axes, written: Sequence[str], weights: np.ndarray, **look: Any) -> None:
    """Draw attention weights with `imshow(weights, **look)`, the written tokens downwards, a colour bar."""
    artist = axes.imshow(weights, cmap="Blues", vmin=0, vmax=weights.max(), **look)
    axes.set_yticks(range(len(written)), _visible(written))
    axes.set_ylabel("written", fontsize=TEXT_SIZE)
    axes.tick_params(labelsize=SMALL_SIZE, length=0)
    axes.spines[:].set_visible(False)
    colour_bar(axes, artist, "weight")


def _visible(tokens: Sequence[str]) -> list[str]:
    return [SPACE if token.isspace() else plain(token) for token in tokens]
