"""Reader of IDX, the format of MNIST: a big-endian header and the bytes of an array, mostly in gzip.

Header: two zero bytes, the element type (0x08, unsigned byte), the number of axes, then the length of
each axis in four bytes (LeCun, "The MNIST database of handwritten digits").
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from kzoo.data.errors import regular, unreadable
from kzoo.errors import DataError

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_MOST = 1032
"""The largest compression ratio of deflate. A header that declares more bytes than this allows is wrong."""
_UNSIGNED_BYTE = 0x08


def read_idx(path: Path) -> np.ndarray:
    """Read the array of unsigned bytes in an IDX file, which may be compressed with gzip.

    Raises:
        DataError: the file is missing, cut off, too long, damaged, or not IDX of unsigned bytes.
    """
    try:
        with regular(path).open("rb") as file:
            compressed = file.read(2) == _GZIP_MAGIC
        most = path.stat().st_size * (_GZIP_MOST if compressed else 1)
        with gzip.open(path) if compressed else path.open("rb") as file:
            return _read(cast(BinaryIO, file), path, most)
    except (OSError, EOFError, zlib.error) as error:
        raise unreadable(path, error) from error


def _read(file: BinaryIO, path: Path, most: int) -> np.ndarray:
    head = file.read(4)
    if len(head) < 4 or head[:2] != b"\0\0" or head[2] != _UNSIGNED_BYTE or head[3] == 0:
        raise DataError(
            f"{path} is not an IDX file of unsigned bytes: it begins with {head.hex() or 'nothing'}"
        )
    lengths = file.read(4 * head[3])
    if len(lengths) < 4 * head[3]:
        raise DataError(f"{path} is cut off: its header declares {head[3]} axes")
    shape = tuple(int(length) for length in np.frombuffer(lengths, ">u4"))
    size = math.prod(shape)
    # Reading one byte more than declared detects trailing bytes and lets gzip verify its checksum.
    payload = file.read(size + 1) if size <= most else b""
    if len(payload) != size:
        found = "more" if len(payload) > size else "fewer"
        raise DataError(f"{path} holds {found} bytes than the {size:,} that its header declares")
    try:
        return np.frombuffer(payload, np.uint8).reshape(shape).copy()  # a writable copy
    except ValueError as error:  # more axes than NumPy supports
        raise unreadable(path, error) from error
