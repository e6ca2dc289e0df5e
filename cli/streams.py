"""What stdout and stderr cannot take: letters, a full disk, a pipe that nobody reads."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from kzoo.errors import DataError

CLOSED_PIPE = 141
"""The exit code when the reader of a pipe is gone: that of a program which SIGPIPE ends."""


def open_streams() -> None:
    """Let stdout take every letter, if need be as a backslash escape; a closed stderr is nowhere.

    Raises:
        DataError: stdout is closed.
    """
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 (until the end)
    if sys.stdout is None:
        raise DataError("stdout is closed: send it to a file or to /dev/null")
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def finish(stream: TextIO, name: str) -> None:
    """Write what a stream still holds; what it cannot take is dropped, or Python would try again at its exit.

    Raises:
        OSError: it cannot be written; `filename` is `name`.
    """
    try:
        stream.flush()
    except OSError as error:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        error.filename = name
        raise
