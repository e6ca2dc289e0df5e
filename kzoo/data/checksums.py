"""The checksum of a file, written `algorithm:hexadecimal`."""

from __future__ import annotations

import hashlib
from pathlib import Path

from kzoo.data.errors import regular


def checksum_like(path: Path, published: str) -> str:
    """The checksum of `path` by the algorithm of `published`: equal to it when the file is that one."""
    algorithm = published.partition(":")[0]
    with regular(path).open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False))
    return f"{algorithm}:{digest.hexdigest()}"
