"""A stand-in of drawn aerial images, whose captions a small grammar writes from what was drawn."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np

from kzoo.data.captions.caption_set import CaptionedImage, CaptionSet, CaptionSplit
from kzoo.data.origin import Origin
from kzoo.data.row_filter import DroppedRows
from kzoo.data.standins.aerial_canvas import AerialCanvas
from kzoo.data.tokens import Tokens
from kzoo.errors import UsageError

DEFAULT_SIZES = (800, 100, 100)
CAPTIONS = 5

NUMBERS = ("no", "one", "two", "three", "four")
SIDES = ("at the top", "on the left", "at the bottom", "on the right")
"""The place of the top of an image after zero, one, two and three quarter turns to the left."""

OPENINGS = (
    "{} {}",
    "there {be} {} {}",
    "we see {} {}",
    "this is a picture of {} {}",
    "{} {} seen from above",
)

Phrases = tuple[list[str], list[str]]
"""Phrases for the subject of an image in several wordings, and phrases for its details."""


def draw_caption_set(seed: int, sizes: tuple[int, int, int] | None = None) -> CaptionSet:
    """Draw training, validation and test scenes, each split from a different derived seed.

    Args:
        seed: the same seed gives the same pixels and captions; not negative.
        sizes: the number of images in each split, by default `DEFAULT_SIZES`.

    Raises:
        UsageError: the seed is negative.
    """
    if seed < 0:
        raise UsageError(f"captioned-scenes cannot be drawn with seed {seed}; expected 0 or more")
    seeds = np.random.SeedSequence(seed).generate_state(3, np.uint64)
    train, validation, test = (
        draw(size, int(child)) for size, child in zip(sizes or DEFAULT_SIZES, seeds, strict=True)
    )
    origin = Origin("captioned-scenes", f"drawn with seed {seed}", stand_in=True)
    return CaptionSet(train, validation, test, DroppedRows({}, ()), origin=origin)


def draw(count: int, seed: int) -> CaptionSplit:
    """Draw `count` scenes (64x64 pixels, five captions each). Equal counts and seeds give equal scenes."""
    rng = np.random.default_rng(seed)
    painters = rng.permutation(np.arange(count) % len(PAINTERS))
    return CaptionSplit.of(_scene(rng, number, PAINTERS[painter]) for number, painter in enumerate(painters))


def _scene(
    rng: np.random.Generator, number: int, paint: Callable[[AerialCanvas, str], Phrases]
) -> CaptionedImage:
    canvas = AerialCanvas(rng)
    quarters = int(rng.integers(len(SIDES)))
    sentences = _sentences(*paint(canvas, SIDES[quarters]))
    chosen = rng.choice(len(sentences), CAPTIONS, replace=False)
    return f"scene-{number:04}", canvas.develop(quarters), tuple(sentences[row] for row in chosen)


def _sentences(subjects: list[str], details: list[str]) -> list[Tokens]:
    """Combine every opening with every subject and every detail, as tuples of words."""
    return [
        tuple(opening.format(subject, detail, be=_be(subject)).split())
        for opening, subject, detail in product(OPENINGS, subjects, details)
    ]


def _be(subject: str) -> str:
    return "is" if subject.split()[0] in ("a", "an", "one") else "are"


def _some(count: int, thing: str) -> str:
    """Return a number and a noun, such as `one boat` or `two boats`."""
    return f"{NUMBERS[count]} {thing}{'s' * (count != 1)}"


def _trees(canvas: AerialCanvas, spots: list[tuple[float, float]]) -> None:
    for y, x in spots:
        radius = canvas.between(3.5, 5)
        canvas.disc(y + 1.5, x + 1.5, radius, "black")  # its shadow
        canvas.disc(y, x, radius, "dark green")


def _houses(canvas: AerialCanvas, side: str) -> Phrases:
    canvas.fill("green")
    roof, rows = canvas.one_of("red", "brown", "grey", "white"), int(canvas.rng.integers(2, 5))
    has_road = canvas.rng.random() < 0.5
    if has_road:
        canvas.band(5, 8, "black")
        canvas.band(5, 1.5, "white")
    top = 10 if has_road else 0
    for y in top + (np.arange(rows) + 0.5) * (64 - top) / rows:
        start = canvas.between(4, 8)
        for x in np.arange(start, 62, 10):
            canvas.box(y + 1, x + 1, 9, 8, "black")
            canvas.box(y, x, 9, 8, roof)
    named = f"{_some(rows, 'row')} of houses"
    subjects = [f"{named} with {roof} roofs", f"houses with {roof} roofs in {_some(rows, 'row')}"]
    road = [f"beside a road {side}", f"and a road {side}"]
    return subjects, road if has_road else ["on green land", "without a road"]


def _airport(canvas: AerialCanvas, side: str) -> Phrases:
    canvas.fill("grey")
    canvas.band(8, 12, "black")
    for dash in range(4, 64, 8):
        canvas.box(8, dash, 1.5, 4, "white")
    count = int(canvas.rng.integers(1, 5))
    for y, x in canvas.spots(count, 16, 2, 2):
        canvas.box(y, x, 16, 3, "white")
        canvas.box(y - 1, x, 3, 16, "white")
        canvas.box(y + 7, x, 2, 7, "white")
    planes = _some(count, "plane")
    return [planes, f"{planes} at an airport"], [f"beside a runway {side}", f"and a runway {side}"]


def _harbour(canvas: AerialCanvas, side: str) -> Phrases:
    canvas.fill("blue")
    canvas.band(4, 8, "brown")
    count, colour = int(canvas.rng.integers(1, 5)), canvas.one_of("white", "red", "yellow")
    for y, x in canvas.spots(count, 10, 2, 3):
        canvas.disc(y, x, 4, colour, stretch=2.2)
        canvas.box(y, x, 5, 2, "black")
    boats = _some(count, f"{colour} boat")
    return [boats, f"a harbour with {boats}"], [f"beside a pier {side}", f"and a pier {side}"]


def _beach(canvas: AerialCanvas, side: str) -> Phrases:
    canvas.fill("yellow")
    sea, has_trees = canvas.one_of("blue", "grey"), canvas.rng.random() < 0.5
    shore = canvas.between(24, 34) + canvas.wave(4)
    canvas.above(shore, sea)
    canvas.band(shore, 3, "white")
    canvas.band(shore - 9, 1.5, "white")
    if has_trees:
        _trees(canvas, canvas.spots(6, 50, 1, 6))
    subjects = [f"a beach and the {sea} sea", f"white waves of the {sea} sea on a beach"]
    land = "with trees behind the beach" if has_trees else "without trees"
    return subjects, [f"with the water {side}", land]


def _river(canvas: AerialCanvas, side: str) -> Phrases:
    canvas.fill("green")
    water, bends = canvas.one_of("blue", "brown"), canvas.rng.random() < 0.5
    middle = 22 + (canvas.wave(12) if bends else canvas.between(-0.3, 0.3) * (canvas.x - 32))
    canvas.band(middle, canvas.between(11, 15), water)
    has_bridge = canvas.rng.random() < 0.5
    if has_bridge:
        canvas.box(32, canvas.between(16, 48), 64, 6, "grey")
    else:
        _trees(canvas, canvas.spots(5, 46, 1, 5))
    river = f"a {'winding' if bends else 'straight'} {water} river"
    crossing = ["under a bridge", "crossed by a road"]
    return [river, f"{river} through green land"], crossing if has_bridge else [
        "beside some trees",
        "near trees",
    ]


def _meadow(canvas: AerialCanvas, side: str) -> Phrases:
    colour, count = canvas.one_of("green", "yellow"), int(canvas.rng.integers(1, 5))
    canvas.fill(colour)
    has_path = canvas.rng.random() < 0.5
    if has_path:
        canvas.band(6 + canvas.wave(2), 5, "brown")
    _trees(canvas, canvas.spots(count, 12, 2, 3))
    trees = _some(count, "tree")
    path = [f"and a path {side}", f"beside a path {side}"]
    alone = ["without a path", "far from any house"]
    return [f"{trees} on a {colour} meadow", f"a {colour} meadow with {trees}"], path if has_path else alone


def _tanks(canvas: AerialCanvas, side: str) -> Phrases:
    canvas.fill("brown")
    count, colour = int(canvas.rng.integers(1, 5)), canvas.one_of("white", "grey", "orange")
    canvas.band(5, 8, "grey")
    for y, x in canvas.spots(count, 11, 2, 3):
        canvas.disc(y + 2, x + 2, 7.5, "black")
        canvas.disc(y, x, 7.5, colour)
        canvas.disc(y, x, 1.5, "black")
    tanks = _some(count, f"round {colour} tank")
    return [tanks, f"an industrial area with {tanks}"], [f"beside a road {side}", "on bare ground"]


def _road(canvas: AerialCanvas, side: str) -> Phrases:
    field, count = canvas.one_of("green", "yellow", "brown"), int(canvas.rng.integers(1, 5))
    canvas.fill(field)
    canvas.above(16, "dark green")
    canvas.band(38, 26, "black")
    for dash in range(4, 64, 12):
        canvas.box(38, dash, 1.5, 6, "white")
    colour = canvas.one_of("red", "white", "blue")
    for y, x in canvas.spots(count, 12, 2, 3):
        canvas.box(31 if y < 38 else 45, x, 6, 11, colour)
        canvas.box(31 if y < 38 else 45, x, 5, 2, "grey")
    cars = _some(count, f"{colour} car")
    return [f"a road with {cars}", f"{cars} on a road"], [f"beside a forest {side}", f"through {field} land"]


PAINTERS = (_houses, _airport, _harbour, _beach, _river, _meadow, _tanks, _road)
