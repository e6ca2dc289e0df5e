"""Compression of pictures, so that a single file can hold dozens of them."""

from __future__ import annotations

import io
from pathlib import Path

from kzoo.errors import DataError

LARGE = 400_000
"""The size in bytes from which a picture is reduced to 256 colours."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def shrink(path: Path) -> bytes:
    """Read a PNG file, reduced to 256 colours if it has `LARGE` bytes or more and that makes it smaller.

    Raises:
        DataError: the file is damaged or not a PNG.
    """
    content = path.read_bytes()
    if len(content) < LARGE and content.startswith(_SIGNATURE):
        return content
    from PIL import Image

    buffer = io.BytesIO()
    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
            picture.convert("RGB").quantize(256).save(buffer, "PNG", optimize=True)
    except (OSError, SyntaxError) as error:
        raise DataError(f"{path} is a damaged PNG: delete it and draw it again with kzoo plot") from error
    return min(content, buffer.getvalue(), key=len)
