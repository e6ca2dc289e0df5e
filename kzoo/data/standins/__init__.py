"""Stand-ins for image sets, drawn from a seed. They are never compared with published figures."""

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
"""The function `draw(count, seed)` of each stand-in. Only drawing the first glyph imports matplotlib."""


def draw_image_set(name: str, seed: int, sizes: tuple[int, int, int] | None = None) -> ImageSet:
    """Draw the training, validation and test splits of a stand-in, each from a different derived seed.

    Args:
        name: a key of `STAND_INS`.
        seed: the same seed gives the same pixels; not negative.
        sizes: the number of images in each split, by default the `DEFAULT_SIZES` of the stand-in.

    Raises:
        UsageError: the name is unknown or the seed is negative.
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
