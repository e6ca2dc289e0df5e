"""Failures of stdout and stderr: characters that cannot be encoded, a full disk, a closed pipe."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from kzoo.errors import DataError

CLOSED_PIPE = 141
"""The exit code after writing to a closed pipe, which is that of a program ended by SIGPIPE."""


def open_streams() -> None:
    """Let stdout escape characters that it cannot encode, and send a closed stderr to the null device.

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
    """Flush a stream, and discard what cannot be written, which Python would otherwise try again at exit.

    Raises:
        OSError: the stream cannot be written; the `filename` of the error is `name`.
    """
    try:
        stream.flush()
    except OSError as error:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        error.filename = name
        raise
