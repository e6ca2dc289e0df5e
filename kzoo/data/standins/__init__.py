"""Stand-ins for image sets, drawn by code from a seed: never compared with a published figure."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy as np

from kzoo.data.images.image_set import ImageSet, Split
from kzoo.data.origin import Origin
from kzoo.data.standins import glyphs, scans, scenes
from kzoo.errors import UsageError

__all__: list[str] = []

_MODULES: dict[str, ModuleType] = {"glyphs": glyphs, "scenes": scenes, "scans": scans}

STAND_INS: dict[str, Callable[[int, int], Split]] = {name: module.draw for name, module in _MODULES.items()}
"""Each stand-in's `draw(count, seed)`. matplotlib is imported by the first glyph, not here."""


def draw_image_set(name: str, seed: int, sizes: tuple[int, int, int] | None = None) -> ImageSet:
    """Draw a stand-in's training, validation and test splits, each from a seed of its own.

    Args:
        name: a key of `STAND_INS`.
        seed: the same seed gives the same pixels; not negative.
        sizes: how many images each split has, by default the stand-in's `DEFAULT_SIZES`.

    Raises:
        UsageError: the name or the seed cannot be drawn from.
    """
    if name not in _MODULES:
        raise UsageError(f"no stand-in is called {name!r}; expected one of {', '.join(_MODULES)}")
    if seed < 0:
        raise UsageError(f"the stand-in {name} cannot be drawn with seed {seed}; expected 0 or more")
    module = _MODULES[name]
    seeds = np.random.SeedSequence(seed).generate_state(3, np.uint64)
    train, validation, test = (
        module.draw(size, int(child))
        for size, child in zip(sizes or module.DEFAULT_SIZES, seeds, strict=True)
    )
    origin = Origin(name, f"drawn with seed {seed}", stand_in=True)
    return ImageSet(train, validation, test, module.CLASS_NAMES, origin=origin)
