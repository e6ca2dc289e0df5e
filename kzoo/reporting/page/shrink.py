"""Pictures small enough to stand by the dozen in one file."""

from __future__ import annotations

import io
from pathlib import Path

LARGE = 400_000
"""Bytes from which a picture is worth fewer colours."""


def shrink(path: Path) -> bytes:
    """A PNG file as it is, with 256 colours where it is larger than `LARGE`.

    Raises:
        DataError: it is no PNG.
    """
    content = path.read_bytes()
    if len(content) < LARGE:
        return content
    from PIL import Image

    buffer = io.BytesIO()
    with Image.open(io.BytesIO(content)) as picture:
        picture.convert("RGB").quantize(256).save(buffer, "PNG", optimize=True)
    return min(content, buffer.getvalue(), key=len)
