"""Pictures small enough to stand by the dozen in one file."""

from __future__ import annotations

import io
from pathlib import Path

from kzoo.errors import DataError

LARGE = 400_000
"""Bytes from which a picture is worth fewer colours."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def shrink(path: Path) -> bytes:
    """A PNG file as it is, with 256 colours where it is larger than `LARGE`.

    Raises:
        DataError: it is no PNG.
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
        raise DataError(f"{path} is no whole PNG: delete it and draw it again with kzoo plot") from error
    return min(content, buffer.getvalue(), key=len)
