"""Checksums of files, written as `algorithm:hexadecimal`."""

from __future__ import annotations

import hashlib
from pathlib import Path

from kzoo.data.errors import regular


def checksum_like(path: Path, published: str) -> str:
    """Return the checksum of `path`, computed with the algorithm that `published` names in its prefix."""
    algorithm = published.partition(":")[0]
    with regular(path).open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False))
    return f"{algorithm}:{digest.hexdigest()}"
