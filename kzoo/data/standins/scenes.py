"""A stand-in of six kinds of scenes, drawn with simple shapes of random size, position, colour and light."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kzoo.data.images.image_set import Split
from kzoo.data.standins.canvas import SIZE, Canvas
from kzoo.data.standins.canvas import Material as M
from kzoo.data.standins.fields import balanced_labels

CLASS_NAMES = ("buildings", "forest", "glacier", "mountain", "sea", "street")

DEFAULT_SIZES = (3000, 600, 600)
BLOCK = 256  # pictures painted at a time, few enough for the CPU cache
WALLS = (M.WALL, M.SECOND_WALL, M.THIRD_WALL)


def draw(count: int, seed: int) -> Split:
    """Draw `count` scenes `(count, 48, 48, 3)`. Equal counts and seeds give equal pixels."""
    rng = np.random.default_rng(seed)
    labels = balanced_labels(rng, count, len(CLASS_NAMES))
    images = np.empty((count, SIZE, SIZE, 3), np.uint8)
    for label, paint in enumerate(PAINTERS):
        rows = np.flatnonzero(labels == label)
        for start in range(0, len(rows), BLOCK):
            block = rows[start : start + BLOCK]
            canvas = Canvas(rng, len(block))
            paint(canvas)
            images[block] = canvas.develop()
    return Split(images, labels)


def _sky(canvas: Canvas) -> None:
    clouds = canvas.noise(9, 5) > canvas.between(0.1, 1.0)
    canvas.paint(clouds, M.CLOUD)
    canvas.light *= canvas.between(0.8, 1.0) + canvas.between(-0.1, 0.4) * canvas.y


def _range(canvas: Canvas, apex: tuple[float, float], peaks: int, material: M, snow: float) -> None:
    """Paint a mountain range of triangles, lit from one side, with snow about `snow` down from the ridge."""
    x, y = canvas.x, canvas.y
    top: np.ndarray = np.full((canvas.count, 1, SIZE), 2, np.float32)
    shaded = np.zeros((canvas.count, 1, SIZE), bool)
    for _ in range(peaks):
        centre = canvas.between(-0.1, 1.1)
        flank = canvas.between(*apex) + canvas.between(0.5, 1.6) * np.abs(x - centre)
        shaded = np.where(flank < top, centre > x, shaded)
        top = np.minimum(top, flank)
    top = top + 0.03 * canvas.line(16)
    rock = top < y
    canvas.paint(rock, material)
    canvas.paint(rock & (top + snow * (0.6 + canvas.noise(12, 12)) > y), M.SNOW)
    canvas.shade(rock & shaded, canvas.between(0.6, 0.95))


def _trees(canvas: Canvas, foot: np.ndarray, height: tuple[float, float], share: float) -> None:
    """Paint up to three trees whose trunks stand at the row `foot`."""
    x, y = canvas.x, canvas.y
    for _ in range(3):
        seen = canvas.chance(share)
        centre, tall = canvas.between(0, 1), canvas.between(*height)
        aside = np.abs(x - centre)
        trunk = (aside < 0.018) & (foot - tall < y) & (foot > y)
        across = aside / (0.42 * tall)
        crown = across**2 + ((y - foot + 0.7 * tall) / (0.4 * tall)) ** 2 < 1 + 0.5 * canvas.noise(12, 12)
        canvas.paint(seen & trunk, M.TRUNK)
        canvas.paint(seen & crown, M.FOLIAGE)


def _windows(canvas: Canvas, wall: np.ndarray, across: np.ndarray, down: np.ndarray) -> None:
    """Paint a grid of windows on `wall`. `across` and `down` count columns and storeys from its corner."""
    share = canvas.between(0.4, 0.75)
    pane = (across % 1 < share) & (down % 1 < canvas.between(0.4, 0.75)) & (down > 0.3)
    canvas.paint(wall & pane, M.WINDOW)


def _buildings(canvas: Canvas) -> None:
    x, y = canvas.x, canvas.y
    _sky(canvas)
    foot = canvas.between(0.72, 1.05)
    for house in range(4):
        centre, half = canvas.between(0, 1), canvas.between(0.1, 0.35)
        top = canvas.between(-0.1, 0.55) + canvas.between(-0.5, 0.5) * (x - centre)
        wall = (np.abs(x - centre) < half) & (top < y) & (foot > y)
        canvas.paint(wall, canvas.one_of(*WALLS))
        canvas.shade(wall, canvas.between(0.6, 1.1))
        rate = canvas.between(6, 14)
        _windows(canvas, wall & canvas.chance(0.9), (x - centre + half) * rate, (y - top) * rate)
        if house == 1:
            _trees(canvas, foot, (0.2, 0.45), 0.2)
    canvas.paint(foot < y, canvas.one_of(M.ASPHALT, M.GRASS, M.PAVEMENT, M.WATER))
    _trees(canvas, foot + 0.05, (0.2, 0.5), 0.2)


def _street(canvas: Canvas) -> None:
    _sky(canvas)
    _range(canvas, (0.35, 0.6), 2, M.HAZE, 0)
    vanishing_x, vanishing_y = canvas.between(0.2, 0.8), canvas.between(0.4, 0.62)
    aside = canvas.x - vanishing_x
    canvas.paint(vanishing_y < canvas.y, canvas.one_of(M.PAVEMENT, M.SOIL, M.GRASS))
    for towards in (-aside, aside):
        _terrace(canvas, towards, vanishing_y)
    _traffic(canvas, aside, canvas.y - vanishing_y)
    _trees(canvas, vanishing_y + 0.12, (0.15, 0.45), 0.2)


def _terrace(canvas: Canvas, aside: np.ndarray, vanishing_y: np.ndarray) -> None:
    """Paint houses on one side of a street, where the offset `aside` from the vanishing point is > 0."""
    y, away = canvas.y, np.abs(aside)
    foot = vanishing_y + canvas.between(0.2, 0.7) * away
    rise = canvas.between(0.4, 2.0)
    # Perspective makes equal fronts smaller towards the vanishing point.
    front = canvas.between(1.5, 3.0) / (away + 0.12)
    roof = vanishing_y - rise * away - 0.06 * canvas.line(7)
    wall = (aside > canvas.between(0.03, 0.2)) & (roof < y) & (foot > y)
    canvas.paint(wall, np.array(WALLS, np.uint8)[(front * 0.4).astype(np.int32) % 3])
    canvas.shade(wall, canvas.between(0.5, 1.1))
    storeys = canvas.between(2, 5) * (y - roof) / np.maximum(foot - roof, 0.02)
    _windows(canvas, wall & canvas.chance(0.8), front, storeys)


def _traffic(canvas: Canvas, aside: np.ndarray, depth: np.ndarray) -> None:
    """Paint a road to the vanishing point, its centre line and up to three vehicles, larger when nearer."""
    half = canvas.between(0.5, 1.4) * depth
    canvas.paint((depth > 0) & (np.abs(aside) < half), M.ASPHALT)
    dashed = (canvas.between(0.4, 0.9) / np.maximum(depth, 0.02)) % 1 < 0.6
    canvas.paint((depth > 0) & (np.abs(aside) < 0.07 * half) & dashed & canvas.chance(0.5), M.MARKING)
    for _ in range(3):
        near = canvas.between(0.08, 0.35)
        beside, above = aside - canvas.between(-0.9, 0.9) * near, depth - near
        vehicle = (np.abs(beside) < 0.35 * near) & (above < 0) & (above > -0.45 * near)
        canvas.paint(vehicle & canvas.chance(0.5), M.VEHICLE)


def _forest(canvas: Canvas) -> None:
    x, y = canvas.x, canvas.y
    canvas.paint(np.ones_like(canvas.material, bool), M.FOLIAGE)
    canvas.light *= 1 + 0.4 * canvas.noise(6, 6)
    gaps = canvas.noise(12, 12) + canvas.between(-0.3, 1.2) * (1 - y) > canvas.between(0.7, 1.4)
    canvas.paint(gaps, M.SKY)
    floor = canvas.between(0.6, 1.1) + 0.06 * canvas.line(6)
    canvas.paint(floor < y, canvas.one_of(M.SOIL, M.GRASS, M.FOLIAGE, M.SNOW, M.WATER))
    trunks = canvas.chance(0.8)
    for _ in range(6):
        centre = canvas.between(0, 1) + canvas.between(-0.12, 0.12) * y
        trunk = (np.abs(x - centre) < canvas.between(0.008, 0.05)) & (y < floor + canvas.between(0, 0.12))
        canvas.paint(trunk & trunks, M.TRUNK)
    crowns = canvas.noise(9, 9) > canvas.between(0.1, 0.9) + y
    canvas.paint(crowns, M.FOLIAGE)


def _glacier(canvas: Canvas) -> None:
    x, y = canvas.x, canvas.y
    _sky(canvas)
    _range(canvas, (0.0, 0.5), 3, M.ROCK, 0.25)
    top = canvas.between(0.25, 0.7) + canvas.between(-0.4, 0.4) * (x - 0.5) + 0.08 * canvas.line(8)
    field = top < y
    canvas.paint(field, canvas.one_of(M.ICE, M.ICE, M.SNOW))
    lean = canvas.between(-1.5, 1.5) * x + 0.15 * canvas.noise(8, 8)
    cracks = ((y + lean) * canvas.between(5, 14)) % 1 < canvas.between(0, 0.35)
    canvas.paint(field & cracks, M.CREVASSE)
    canvas.shade(field, 1 + 0.25 * canvas.noise(8, 8))
    moraine = np.abs(x - canvas.between(0, 1) - canvas.between(-1, 1) * (y - 0.5)) < canvas.between(0, 0.12)
    canvas.paint(field & moraine & canvas.chance(0.5), M.ROCK)
    shore = canvas.between(0.65, 1.0) + 0.04 * canvas.line(8)
    canvas.paint((shore < y) & canvas.chance(0.6), canvas.one_of(M.WATER, M.ROCK, M.WATER))


def _mountain(canvas: Canvas) -> None:
    x, y = canvas.x, canvas.y
    _sky(canvas)
    _range(canvas, (0.2, 0.5), 3, M.HAZE, 0.05)
    _range(canvas, (0.1, 0.5), 3, M.ROCK, 0.2)
    front = canvas.between(0.55, 1.0) + canvas.between(-0.4, 0.4) * (x - 0.5) + 0.05 * canvas.line(10)
    canvas.paint(front < y, canvas.one_of(M.GRASS, M.FOLIAGE, M.ROCK, M.SNOW))
    _trees(canvas, front + 0.1, (0.15, 0.4), 0.2)
    lake = canvas.between(0.75, 1.0) < y
    canvas.paint(lake & canvas.chance(0.4), M.WATER)


def _sea(canvas: Canvas) -> None:
    x, y = canvas.x, canvas.y
    _sky(canvas)
    horizon = canvas.between(0.2, 0.65)
    coast = horizon - canvas.between(0, 0.25) * (x - canvas.between(-0.5, 1.5)) - 0.04 * canvas.line(8)
    canvas.paint((coast < y) & canvas.chance(0.4), canvas.one_of(M.HAZE, M.ROCK, M.FOLIAGE, M.ICE))
    water = horizon < y
    canvas.paint(water, M.WATER)
    waves = canvas.noise(24, 7)
    canvas.shade(water, 1 + canvas.between(0.1, 0.4) * waves)
    canvas.paint(water & (waves * np.sqrt(np.maximum(y - horizon, 0)) > canvas.between(0.2, 0.7)), M.FOAM)
    beach = canvas.between(0.65, 1.0) + canvas.between(-0.5, 0.5) * (x - 0.5) + 0.04 * canvas.line(6)
    canvas.paint((beach < y) & canvas.chance(0.6), M.FOAM)
    canvas.paint((beach + 0.04 < y) & canvas.chance(0.6), canvas.one_of(M.SAND, M.SAND, M.ROCK))
    rocks = canvas.noise(7, 7) - canvas.between(0, 1) > 0.35
    canvas.paint(rocks & (horizon + 0.1 < y) & canvas.chance(0.4), M.ROCK)


PAINTERS: tuple[Callable[[Canvas], None], ...] = (_buildings, _forest, _glacier, _mountain, _sea, _street)
