"""What is wrong with a file, in one line."""

from __future__ import annotations

from pathlib import Path

from kzoo.errors import DataError
from kzoo.files import is_stream


def reason(error: BaseException | str) -> str:
    """The message of an error on one line, or its kind where it has none."""
    return " ".join(str(error).split()) or type(error).__name__


def regular(path: Path) -> Path:
    """The path of a file that is to be read. Raises DataError for a pipe or a device.

    One that is missing or a folder is left to the reader, whose own error says so.
    """
    if is_stream(path):
        raise DataError(f"{path} is a pipe or a device; expected a file")
    return path


def unreadable(path: Path, error: BaseException | str) -> DataError:
    """The error to raise for a file that cannot be read."""
    if isinstance(error, FileNotFoundError):
        return DataError(f"{path} does not exist")
    if isinstance(error, IsADirectoryError):
        return DataError(f"{path} is a folder; expected a file")
    return DataError(f"{path} cannot be read, it may be damaged or cut off: {reason(error)}")
