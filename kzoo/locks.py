"""A lock that lets one process at a time write to a folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from kzoo.errors import UsageError
from kzoo.files import made

if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder, which is created if it does not exist (see `made`).

    The system releases the lock however a process ends; a leftover `.lock` file does not block anyone.

    Raises:
        UsageError: another process holds the lock.
    """
    path = folder / ".lock"
    with made(folder), path.open("ab") as file:
        try:
            _lock(file)
            is_held = os.fstat(file.fileno()).st_nlink > 0  # the previous holder may just have removed it
        except (BlockingIOError, PermissionError):
            is_held = False
        except OSError:
            is_held = True  # the file system has no locks
        if not is_held:
            raise UsageError(f"another kzoo is at work in {folder}: wait until it ends, or stop it")
        try:
            yield
        finally:
            with suppress(OSError):  # Windows does not remove an open file
                path.unlink()
