"""A canvas for one aerial image, painted shape by shape in colours that a caption can name."""

from __future__ import annotations

import numpy as np

from kzoo.data.standins.fields import smooth_curves, smooth_noise, to_uint8

SIZE = 64

COLOURS: dict[str, tuple[float, float, float]] = {
    "white": (0.92, 0.92, 0.90),
    "grey": (0.55, 0.55, 0.56),
    "black": (0.16, 0.16, 0.18),
    "red": (0.78, 0.22, 0.18),
    "orange": (0.90, 0.55, 0.20),
    "yellow": (0.86, 0.78, 0.46),
    "brown": (0.45, 0.31, 0.20),
    "green": (0.42, 0.58, 0.28),
    "dark green": (0.16, 0.33, 0.16),
    "blue": (0.18, 0.40, 0.66),
}
"""The red, green and blue components of each colour, from 0 to 1."""


class AerialCanvas:
    """An image of 64x64 pixels that is being painted.

    Attributes:
        y: the centre of each row of pixels, `(64, 1)`.
        x: the centre of each column of pixels, `(1, 64)`.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        middles = np.arange(SIZE, dtype=np.float32) + np.float32(0.5)
        self.y, self.x = middles[:, None], middles[None, :]
        self.pixels = np.zeros((SIZE, SIZE, 3), np.float32)

    def one_of(self, *choices: str) -> str:
        """Draw one of these choices, such as a colour."""
        return choices[self.rng.integers(len(choices))]

    def between(self, low: float, high: float) -> float:
        """Draw a number from `[low, high)`."""
        return float(self.rng.uniform(low, high))

    def wave(self, height: float) -> np.ndarray:
        """Draw a smooth curve `(1, 64)` with values between `-height` and `height` rows."""
        return height * smooth_curves(self.rng, 1, 6, SIZE)

    def spots(self, count: int, top: float, rows: int, columns: int) -> list[tuple[float, float]]:
        """Draw positions `(y, x)` below the row `top`, each in a different cell of a grid."""
        height, width = (SIZE - top) / rows, SIZE / columns
        return [
            (
                top + (cell // columns + self.between(0.4, 0.6)) * height,
                (cell % columns + self.between(0.4, 0.6)) * width,
            )
            for cell in map(int, self.rng.permutation(rows * columns)[:count])
        ]

    def fill(self, colour: str) -> None:
        """Paint the whole image in one colour."""
        self.pixels[:] = COLOURS[colour]

    def above(self, line: float | np.ndarray, colour: str) -> None:
        """Paint the area above a row. `line` is one row, or a row for each column `(1, 64)`."""
        self.pixels[self.y + 0 * self.x < line] = COLOURS[colour]

    def band(self, middle: float | np.ndarray, height: float, colour: str) -> None:
        """Paint a horizontal band centred on a row, or on a row for each column `(1, 64)`."""
        self.pixels[np.abs(self.y - middle) + 0 * self.x < height / 2] = COLOURS[colour]

    def box(self, y: float, x: float, height: float, width: float, colour: str) -> None:
        """Paint a rectangle with the centre `(y, x)`."""
        inside = (np.abs(self.y - y) < height / 2) & (np.abs(self.x - x) < width / 2)
        self.pixels[inside] = COLOURS[colour]

    def disc(self, y: float, x: float, radius: float, colour: str, stretch: float = 1) -> None:
        """Paint a disc with the centre `(y, x)`, or an ellipse `stretch` times as high as wide."""
        inside = ((self.y - y) / stretch) ** 2 + (self.x - x) ** 2 < radius**2
        self.pixels[inside] = COLOURS[colour]

    def develop(self, quarters: int) -> np.ndarray:
        """Return the image as uint8 `(64, 64, 3)` in random light, rotated left by `quarters` times 90°."""
        mottle = 0.10 * smooth_noise(self.rng, 1, (16, 16), (SIZE, SIZE))[0]
        grain = 0.10 * (self.rng.random((SIZE, SIZE), dtype=np.float32) - np.float32(0.5))
        light = np.float32(self.between(0.88, 1.08)) * (1 + mottle + grain)
        return to_uint8(np.rot90(self.pixels * light[..., None], quarters))
