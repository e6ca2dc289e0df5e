"""Mosaics: many small tiles in one image, which matplotlib draws much faster than hundreds of panels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.collections import PatchCollection
from matplotlib.patches import Rectangle

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage


def grid_columns(count: int, aspect: float = 1.0) -> int:
    """Return the number of columns of a wide grid of `count` tiles, each `aspect` times as wide as high.

    With sqrt(2 count / aspect) columns the grid is twice as wide as high. Between that and twice that, the
    function returns the smallest number that leaves the fewest empty places.
    """
    fewest = min(count, math.ceil(math.sqrt(2 * count / aspect)))
    return min(range(fewest, 2 * fewest), key=lambda columns: -count % columns)


@dataclass(frozen=True)
class Mosaic:
    """Tiles `(count, height, width)` in rows of `columns` with gaps; each has `parts` side by side."""

    tiles: np.ndarray
    columns: int
    gap: int
    parts: int = 1

    @property
    def rows(self) -> int:
        """The number of rows; the last may be short."""
        return math.ceil(len(self.tiles) / self.columns)

    @property
    def shape(self) -> tuple[int, int]:
        """`(height, width)` of the image."""
        height, width = self.tiles.shape[1:]
        return (
            self.rows * (height + self.gap) - self.gap,
            self.columns * (width + self.gap) - self.gap,
        )

    @property
    def image(self) -> np.ndarray:
        """The tiles as one image; gaps and empty places are NaN."""
        height, width = self.tiles.shape[1:]
        image = np.full(self.shape, np.nan)
        for tile, (top, left) in zip(self.tiles, self.corners, strict=True):
            image[top : top + height, left : left + width] = tile
        return image

    @property
    def corners(self) -> list[tuple[int, int]]:
        """The row and column of the image at which each tile starts."""
        height, width = self.tiles.shape[1:]
        places = (divmod(index, self.columns) for index in range(len(self.tiles)))
        return [(row * (height + self.gap), column * (width + self.gap)) for row, column in places]

    @property
    def row_centres(self) -> np.ndarray:
        """The vertical centre of each row of tiles in the image."""
        height = self.tiles.shape[1]
        return np.arange(self.rows) * (height + self.gap) + (height - 1) / 2

    @property
    def column_centres(self) -> np.ndarray:
        """The horizontal centre of each column of tiles in the image."""
        width = self.tiles.shape[2]
        return np.arange(self.columns) * (width + self.gap) + (width - 1) / 2

    @property
    def row_names(self) -> list[str]:
        """The numbers of the tiles in each row, counted from 0: "0-7", "8-15"."""
        starts = range(0, len(self.tiles), self.columns)
        return [f"{start}-{min(start + self.columns, len(self.tiles)) - 1}" for start in starts]

    def draw(self, axes: Axes, limit: float) -> AxesImage:
        """Draw the image, blue at `-limit`, white at 0 and red at `limit`, with a line around each part."""
        height, width = self.tiles.shape[1:]
        limit, width = limit or 1.0, width // self.parts
        outlines = [
            Rectangle((left + part * width - 0.5, top - 0.5), width, height)
            for top, left in self.corners
            for part in range(self.parts)
        ]
        artist = axes.imshow(self.image, interpolation="nearest", cmap="RdBu_r", vmin=-limit, vmax=limit)
        axes.add_collection(
            PatchCollection(outlines, facecolor="none", edgecolor="0.5", linewidth=0.5, clip_on=False)
        )
        return artist
