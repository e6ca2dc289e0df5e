"""A stand-in for handwritten characters: grey letters of matplotlib's fonts, warped and with noise."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kzoo.data.images.image_set import Split
from kzoo.data.standins.fields import balanced_labels, smooth_noise, to_uint8, uniform

if TYPE_CHECKING:
    from matplotlib.path import Path as Outline

CLASS_NAMES = ("B", "C", "D", "E", "F", "G", "O", "P", "Q", "R")
"""Letters with similar strokes. Many pairs differ only by a bar or a tail."""

FACES = (
    *("DejaVuSans", "DejaVuSans-BoldOblique", "DejaVuSerif", "DejaVuSerif-BoldItalic", "DejaVuSansMono"),
    *("STIXGeneral", "STIXGeneralBolIta", "STIXGeneralItalic", "cmr10", "cmss10", "cmti10", "cmtt10"),
)

DEFAULT_SIZES = (6000, 1000, 1000)
SIZE = 28
TEMPLATE = 48  # side of a template in pixels, about 1.5 for each pixel of the picture
SUBPIXELS = 2  # sample points along each side of a template pixel, each tested for ink
FONT_SIZE = 40.0  # in template pixels; a capital letter is about 0.7 of it
BLOCK = 512  # letters drawn at a time, few enough for the CPU cache


def draw(count: int, seed: int) -> Split:
    """Draw `count` letters `(count, 28, 28, 1)`. Equal counts and seeds give equal pixels."""
    rng = np.random.default_rng(seed)
    labels = balanced_labels(rng, count, len(CLASS_NAMES))
    images = np.empty((count, SIZE, SIZE, 1), np.uint8)
    for start in range(0, count, BLOCK):
        block = slice(start, start + BLOCK)
        images[block, ..., 0] = to_uint8(_soil(rng, _letters(rng, labels[block])))
    return Split(images, labels)


@cache
def _templates() -> np.ndarray:
    """Return the share of ink in each pixel of centred letters, `(classes x faces, TEMPLATE, TEMPLATE)`."""
    import matplotlib
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    # Outlines are used instead of bitmaps because hinting differs between versions of FreeType.
    outlines = [
        TextPath((0, 0), letter, size=FONT_SIZE, prop=FontProperties(fname=fonts / f"{face}.ttf"))
        for letter in CLASS_NAMES
        for face in FACES
    ]
    return np.stack([_rasterise(outline) for outline in outlines])


def _rasterise(outline: Outline) -> np.ndarray:
    """Return the share of ink in each pixel of a template, by the nonzero winding rule."""
    from matplotlib.path import Path as Outline

    offsets = (np.arange(TEMPLATE * SUBPIXELS) + 0.5) / SUBPIXELS - TEMPLATE / 2
    middle = outline.get_extents().get_points().mean(axis=0)
    points = np.stack(np.meshgrid(offsets, -offsets), axis=-1).reshape(-1, 2) + middle
    winding = np.zeros(len(points), int)
    for corners in map(np.asarray, outline.to_polygons()):
        x, y = corners.T
        clockwise = np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)) < 0
        winding += (1 if clockwise else -1) * Outline(corners).contains_points(points)
    ink = (winding != 0).reshape(TEMPLATE, SUBPIXELS, TEMPLATE, SUBPIXELS)
    return ink.mean(axis=(1, 3), dtype=np.float32)


def _letters(rng: np.random.Generator, labels: np.ndarray) -> np.ndarray:
    """Draw the ink `(count, 28, 28)` of warped letters with thinner or thicker strokes."""
    count = len(labels)
    row, column = _warp(rng, count)
    templates = labels * len(FACES) + rng.integers(len(FACES), size=count)
    ink = _sample(_templates(), templates, row, column)
    threshold = uniform(rng, 0.25, 0.65, (count, 1, 1))
    return np.clip((ink - threshold) * 2.5 + 0.5, 0, 1)


def _warp(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw the template row and column of each pixel: a random affine map plus a smooth displacement."""
    angle = rng.uniform(-0.35, 0.35, (count, 1, 1))
    shear, shift_y, shift_x = (uniform(rng, -a, a, (count, 1, 1)) for a in (0.3, 4.0, 4.0))
    zoom_y, zoom_x = (uniform(rng, 1.2, 2.0, (count, 1, 1)) for _ in range(2))
    # The cosine is computed in float64, so that differences in its last bit do not change the pixels.
    cosine, sine = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
    centred = np.arange(SIZE, dtype=np.float32) - (SIZE - 1) / 2
    y, x = centred[:, None], centred[None, :]
    middle = (TEMPLATE - 1) / 2
    bend_y, bend_x = (2.5 * smooth_noise(rng, count, (4, 4), (SIZE, SIZE)) for _ in range(2))
    row = zoom_y * (cosine * y + sine * x) + bend_y + shift_y + middle
    column = zoom_x * (cosine * x - sine * y + shear * y) + bend_x + shift_x + middle
    return row, column


def _sample(templates: np.ndarray, rows: np.ndarray, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Read `templates[rows]` at fractional positions by bilinear interpolation, with repeated edges."""
    row, column = (np.clip(place, 0, TEMPLATE - 1.001) for place in (row, column))
    top, left = row.astype(np.int32), column.astype(np.int32)
    down, right = row - top, column - left
    flat = templates.reshape(-1)
    corner = (rows[:, None, None] * TEMPLATE + top) * TEMPLATE + left
    upper = flat[corner] * (1 - right) + flat[corner + 1] * right
    lower = flat[corner + TEMPLATE] * (1 - right) + flat[corner + TEMPLATE + 1] * right
    return upper * (1 - down) + lower * down


def _soil(rng: np.random.Generator, ink: np.ndarray) -> np.ndarray:
    """Return the brightness of letters on uneven paper, with a random line and grain."""
    count = len(ink)
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    through_y, through_x = (uniform(rng, 2, SIZE - 2, (count, 1, 1)) for _ in range(2))
    slope_y, slope_x = (uniform(rng, -1, 1, (count, 1, 1)) for _ in range(2))
    length = np.sqrt(slope_y**2 + slope_x**2 + np.float32(0.01))
    distance = np.abs(slope_y * (y - through_y) + slope_x * (x - through_x)) / length
    line = np.clip(1.4 - distance, 0, 1) * uniform(rng, 0, 0.9, (count, 1, 1))
    paper = uniform(rng, 0, 0.3, (count, 1, 1)) + 0.12 * smooth_noise(rng, count, (3, 3), (SIZE, SIZE))
    strength = uniform(rng, 0.3, 0.7, (count, 1, 1))
    grain = uniform(rng, -0.2, 0.2, ink.shape)
    return paper + strength * np.maximum(ink, line) + grain
