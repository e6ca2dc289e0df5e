"""Arrays that may be larger than the memory: they are kept in a temporary file and read in parts.

The operating system keeps the parts of a memory-mapped file that are in use in memory, and writes back the
others when memory is short.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from tempfile import TemporaryFile

import numpy as np
import platformdirs

from kzoo.data.errors import reason
from kzoo.errors import DataError
from kzoo.files import made

RESIDENT_BYTES = 512 * 2**20
"""The most bytes of an array that is kept in memory."""

PART_BYTES = 64 * 2**20
"""The bytes of a large array that are in use at a time."""


def zeros(shape: tuple[int, ...], dtype: np.typing.DTypeLike, what: str) -> np.ndarray:
    """Return an array of zeros, in memory up to `RESIDENT_BYTES`, otherwise in a file.

    The file is in the user's cache folder, because the system's temporary folder may itself be in memory. It
    has no name, so it disappears with the process. Parts that stay zero take no room on most file systems.

    Args:
        shape, dtype: those of the array.
        what: its content, for the error message.

    Raises:
        DataError: there is not enough memory or disk space.
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    try:
        return _in_file(shape, dtype, size) if is_large(size) else np.zeros(shape, dtype)
    except (MemoryError, OSError, ValueError) as error:  # ValueError: too large for NumPy
        raise DataError(f"there is not enough memory or disk space for {what}: {reason(error)}") from error


def is_large(size: int) -> bool:
    """Return whether an array of so many bytes is kept in a file."""
    return size > RESIDENT_BYTES


def _in_file(shape: tuple[int, ...], dtype: np.typing.DTypeLike, size: int) -> np.ndarray:
    folder = platformdirs.user_cache_path("kzoo", appauthor=False)
    with made(folder):
        # A disk that is full would end the process when the mapped memory is written.
        if (free := shutil.disk_usage(folder).free) < size:
            raise OSError(f"{size / 1e9:,.1f} GB are needed, {folder} has {free / 1e9:,.1f} GB")
        with TemporaryFile(dir=folder) as file:
            return np.memmap(file, dtype, "w+", shape=shape)


def take(array: np.ndarray, rows: np.ndarray, what: str) -> np.ndarray:
    """Return these rows of an array as an array of its own, see `zeros`."""
    return _in_parts(lambda part: array[rows[part]], len(rows), array.shape[1:], array.dtype, what)


def convert(
    array: np.ndarray,
    function: Callable[[np.ndarray], np.ndarray],
    shape: tuple[int, ...],
    dtype: np.typing.DTypeLike,
    what: str,
) -> np.ndarray:
    """Apply a function to the rows of an array; the results have `shape` and `dtype`. See `zeros`."""
    return _in_parts(lambda part: function(array[part]), len(array), shape, dtype, what)


def _in_parts(
    compute: Callable[[slice], np.ndarray],
    count: int,
    shape: tuple[int, ...],
    dtype: np.typing.DTypeLike,
    what: str,
) -> np.ndarray:
    """Compute an array of `count` rows of `shape`, some of them at a time."""
    result = zeros((count, *shape), dtype, what)
    rows = rows_at_a_time(math.prod(shape) * np.dtype(dtype).itemsize)
    for start in range(0, count, rows):
        part = slice(start, start + rows)
        result[part] = compute(part)
    return result


def rows_at_a_time(size: int) -> int:
    """Return how many rows of `size` bytes have `PART_BYTES`, at least one."""
    return max(1, PART_BYTES // max(1, size))
