"""A canvas for many pictures at once. Materials are painted first; colours and light are applied last."""

from __future__ import annotations

from enum import IntEnum, auto

import numpy as np

from kzoo.data.standins.fields import smooth_curves, smooth_noise, to_uint8, uniform

SIZE = 48


class Material(IntEnum):
    """The material that a pixel shows. Its colour is drawn at random for each picture."""

    SKY = 0
    CLOUD = auto()
    HAZE = auto()
    ROCK = auto()
    SNOW = auto()
    ICE = auto()
    CREVASSE = auto()
    WATER = auto()
    FOAM = auto()
    SAND = auto()
    SOIL = auto()
    GRASS = auto()
    FOLIAGE = auto()
    TRUNK = auto()
    ASPHALT = auto()
    MARKING = auto()
    PAVEMENT = auto()
    WALL = auto()
    SECOND_WALL = auto()
    THIRD_WALL = auto()
    WINDOW = auto()
    VEHICLE = auto()


# Mean red, green and blue, the largest deviation from them in a picture, and the roughness of the material.
COLOURS: dict[Material, tuple[float, float, float, float, float]] = {
    Material.SKY: (0.62, 0.74, 0.88, 0.15, 0.03),
    Material.CLOUD: (0.90, 0.90, 0.92, 0.08, 0.06),
    Material.HAZE: (0.52, 0.58, 0.66, 0.12, 0.10),
    Material.ROCK: (0.42, 0.39, 0.36, 0.12, 0.45),
    Material.SNOW: (0.90, 0.92, 0.96, 0.06, 0.10),
    Material.ICE: (0.72, 0.84, 0.92, 0.12, 0.20),
    Material.CREVASSE: (0.40, 0.58, 0.72, 0.12, 0.20),
    Material.WATER: (0.24, 0.44, 0.56, 0.15, 0.15),
    Material.FOAM: (0.85, 0.90, 0.92, 0.08, 0.15),
    Material.SAND: (0.76, 0.68, 0.54, 0.12, 0.12),
    Material.SOIL: (0.38, 0.30, 0.20, 0.12, 0.40),
    Material.GRASS: (0.40, 0.52, 0.24, 0.12, 0.30),
    Material.FOLIAGE: (0.22, 0.36, 0.16, 0.14, 0.70),
    Material.TRUNK: (0.26, 0.21, 0.16, 0.12, 0.30),
    Material.ASPHALT: (0.38, 0.38, 0.40, 0.14, 0.12),
    Material.MARKING: (0.86, 0.84, 0.76, 0.10, 0.10),
    Material.PAVEMENT: (0.58, 0.56, 0.52, 0.12, 0.15),
    Material.WALL: (0.62, 0.54, 0.46, 0.25, 0.10),
    Material.SECOND_WALL: (0.52, 0.50, 0.50, 0.25, 0.10),
    Material.THIRD_WALL: (0.70, 0.66, 0.60, 0.25, 0.10),
    Material.WINDOW: (0.26, 0.30, 0.36, 0.22, 0.15),
    Material.VEHICLE: (0.40, 0.36, 0.38, 0.35, 0.25),
}


class Canvas:
    """Pictures that are painted together, as the material and the light `(count, 48, 48)` of each pixel.

    Scene coordinates run from 0 to 1 downwards and to the right. Each picture shows a part of the scene.

    Attributes:
        y: the scene coordinate of each row of pixels, `(count, 48, 1)`.
        x: the scene coordinate of each column, `(count, 1, 48)`. Curves with a y for each column have this
            shape too.
    """

    def __init__(self, rng: np.random.Generator, count: int) -> None:
        self.rng = rng
        self.count = count
        self.material = np.zeros((count, SIZE, SIZE), np.uint8)
        self.light = np.ones((count, SIZE, SIZE), np.float32)
        side = (np.arange(SIZE, dtype=np.float32) - (SIZE - 1) / 2) / SIZE
        zoom = self.between(0.75, 1.1)
        self.y = zoom * side[:, None] + 0.5 + self.between(-0.15, 0.15)
        self.x = zoom * side + 0.5 + self.between(-0.15, 0.15)

    def between(self, low: float, high: float) -> np.ndarray:
        """Draw a number from `[low, high)` for each picture."""
        return uniform(self.rng, low, high, (self.count, 1, 1))

    def chance(self, share: float) -> np.ndarray:
        """Draw a boolean for each picture that is True with probability `share`."""
        return self.between(0, 1) < share

    def one_of(self, *materials: Material) -> np.ndarray:
        """Draw one of these materials for each picture."""
        return self.rng.choice(np.array(materials, np.uint8), (self.count, 1, 1))

    def line(self, cells: int) -> np.ndarray:
        """Draw a smooth curve with values in `[-1, 1)` for each picture. More cells make it wavier."""
        return smooth_curves(self.rng, self.count, cells, SIZE)[:, None, :]

    def noise(self, rows: int, columns: int) -> np.ndarray:
        """Draw smooth noise in `[-1, 1)` with `rows` by `columns` patches for each picture."""
        return smooth_noise(self.rng, self.count, (rows, columns), (SIZE, SIZE))

    def paint(self, where: np.ndarray, material: np.ndarray | Material) -> None:
        """Paint a material over the pixels `where`, in full light."""
        np.copyto(self.material, np.asarray(material, np.uint8), where=where)
        np.copyto(self.light, np.float32(1), where=where)

    def shade(self, where: np.ndarray, factor: np.ndarray | float) -> None:
        """Multiply the light of the pixels `where` by a factor."""
        np.multiply(self.light, factor, out=self.light, where=where)

    def develop(self) -> np.ndarray:
        """Return the pictures `(count, 48, 48, 3)` in uint8, each with random colours, cast and exposure."""
        table = np.array([COLOURS[material] for material in Material], np.float32)
        stray = table[:, 3, None] * uniform(self.rng, -1, 1, (self.count, len(table), 3))
        # Most of a colour's deviation is in its brightness, which the three channels share.
        colours = table[:, :3] + 0.4 * stray + 0.8 * stray[..., :1]
        grey = colours.mean(axis=2, keepdims=True)
        colours = grey + self.between(0.15, 1.2) * (colours - grey)
        colours *= self.between(0.45, 1.2) * uniform(self.rng, 0.92, 1.08, (self.count, 1, 3))

        grain = self.rng.random(self.light.shape, dtype=np.float32) - np.float32(0.5)
        roughness = table[self.material, 4]
        light = self.light * (1 + roughness * (self.noise(16, 16) + grain)) + 0.1 * grain
        picture = np.arange(self.count)[:, None, None]
        return to_uint8(colours[picture, self.material] * light[..., None])
