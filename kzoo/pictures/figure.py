"""The common style of the pictures, and functions that save them.

Pictures are `matplotlib.figure.Figure` objects; pyplot, its global state and its windows are never used.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from kzoo.errors import UsageError
from kzoo.files import atomic_write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

WIDTH = 8.0
"""The width of a picture in inches, a little more than the text width of a page."""

TITLE_SIZE, TEXT_SIZE, SMALL_SIZE = 11, 9, 8
"""Font sizes in points."""

DOTS_PER_INCH = 150

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""The colour-blind safe palette of Okabe and Ito, without its yellow, which is too pale for lines."""

NONE_OF_THESE = "none of these"
"""The name of a prediction outside the classes."""


def new_figure(height: float, title: str) -> Figure:
    """Create an empty figure, `WIDTH` inches wide and `height` inches high."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    if title:
        figure.suptitle(plain(title), fontsize=TITLE_SIZE, wrap=True)
    return figure


def plain(text: str) -> str:
    """Escape the dollar signs of a text, between which matplotlib would read a formula."""
    return text.replace("$", r"\$")


def save(figure: Figure, path: Path) -> None:
    """Write the figure to `path` atomically, at 150 dots per inch.

    Raises:
        UsageError: the suffix of `path` is not a picture format.
    """
    formats = figure.canvas.get_supported_filetypes()
    if path.suffix.lower().removeprefix(".") not in formats:
        raise UsageError(f"{path} is not a picture file; use .png, or one of {', '.join(formats)}")
    atomic_write(path, lambda temporary: figure.savefig(temporary, dpi=DOTS_PER_INCH))


def to_png(figure: Figure) -> bytes:
    """Return the figure as a PNG file, at 150 dots per inch."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DOTS_PER_INCH)
    return buffer.getvalue()


def style_plot(axes: Axes, title: str, x: str, y: str) -> None:
    """Label a panel and its axes, draw a light grid, and remove the box."""
    axes.set_title(title, fontsize=TITLE_SIZE)
    axes.set_xlabel(x, fontsize=TEXT_SIZE)
    axes.set_ylabel(y, fontsize=TEXT_SIZE)
    axes.tick_params(labelsize=SMALL_SIZE, length=0)
    axes.grid(color="0.9", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("0.6")


def style_image(axes: Axes, title: str) -> None:
    """Label a panel that shows an image, and remove its box and ticks."""
    axes.set_title(plain(title), fontsize=TEXT_SIZE)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.tick_params(labelsize=SMALL_SIZE, length=0)
    axes.spines[:].set_visible(False)


def colour_bar(axes: Axes, artist: AxesImage, label: str) -> None:
    """Draw a colour bar for `artist` beside its axes, as high as the image."""
    bar = axes.figure.colorbar(artist, cax=axes.inset_axes((1.02, 0.0, 0.02, 1.0)))
    bar.set_label(label, fontsize=SMALL_SIZE)
    bar.ax.tick_params(labelsize=SMALL_SIZE, length=2)
    bar.outline.set_visible(False)


def show_image(axes: Axes, image: np.ndarray) -> None:
    """Draw an image `(height, width, 1 or 3)`, uint8."""
    axes.imshow(image.squeeze(-1) if image.shape[-1] == 1 else image, cmap="gray", vmin=0, vmax=255)
