"""Arrays that are computed once and kept in the user's cache."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import platformdirs

from kzoo.data.images.npz import read_npz
from kzoo.errors import DataError
from kzoo.files import atomic_write

Arrays = dict[str, np.ndarray]


def cached_arrays(name: str, compute: Callable[[], Arrays]) -> Arrays:
    """Load the arrays of the npz file `name` in the user's cache, or compute and cache them.

    The name must say all that the arrays depend on, because a file that can be read is never made again.
    """
    path = platformdirs.user_cache_path("kzoo", appauthor=False) / name
    try:
        return read_npz(path)
    except DataError:
        pass  # the file is missing or damaged: compute the arrays again
    made = compute()
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(path, lambda temporary: np.savez(temporary, allow_pickle=False, **made))
    return made
