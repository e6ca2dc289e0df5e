"""The attention of each output token to the source tokens (Bahdanau et al., 2015, figure 3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from kzoo.pictures.figure import SMALL_SIZE, TEXT_SIZE, WIDTH, colour_bar, new_figure, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SPACE = "\u2423"
"""A visible character in place of a blank."""

_TALLEST = 3
"""The largest ratio of height to width of a picture; the cells of a longer sequence are lower."""


def alignment(
    source: Sequence[str], written: Sequence[str], weights: np.ndarray, *, title: str = ""
) -> Figure:
    """Draw attention weights, with the source tokens from left to right and the output tokens downwards.

    Args:
        source, written: the source tokens and the output tokens.
        weights: `(written, source)`, each row a distribution.
        title: the model and the origin of the source.
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
    """Draw attention weights by `imshow(weights, **look)`, the output tokens downwards, with a colour bar."""
    artist = axes.imshow(weights, cmap="Blues", vmin=0, vmax=weights.max(), **look)
    axes.set_yticks(range(len(written)), _visible(written))
    axes.set_ylabel("written", fontsize=TEXT_SIZE)
    axes.tick_params(labelsize=SMALL_SIZE, length=0)
    axes.spines[:].set_visible(False)
    colour_bar(axes, artist, "weight")


def _visible(tokens: Sequence[str]) -> list[str]:
    """Return the tokens with `SPACE` for blanks, escaped for matplotlib."""
    return [SPACE if token.isspace() else plain(token) for token in tokens]
