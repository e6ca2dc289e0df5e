"""One-line error messages about files that cannot be read."""

from __future__ import annotations

from pathlib import Path

from kzoo.errors import DataError
from kzoo.files import is_stream


def reason(error: BaseException | str) -> str:
    """Return the message of an error on one line, or the name of its class if it has no message."""
    return " ".join(str(error).split()) or type(error).__name__


def regular(path: Path) -> Path:
    """Return `path` unchanged, or raise DataError if it is a pipe or a device.

    A missing file or a folder passes, because opening it raises an error of its own.
    """
    if is_stream(path):
        raise DataError(f"{path} is a pipe or a device; expected a file")
    return path


def unreadable(path: object, error: BaseException | str) -> DataError:
    """Return the error to raise for a file, or an image in memory, that cannot be read."""
    if isinstance(error, FileNotFoundError):
        return DataError(f"{path} does not exist")
    if isinstance(error, IsADirectoryError):
        return DataError(f"{path} is a folder; expected a file")
    return DataError(f"{path} cannot be read, it may be damaged or cut off: {reason(error)}")
