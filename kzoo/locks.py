"""A folder that one process at a time writes in."""

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
    """Keep a folder from other processes that would hold it; see `made` for one that is not there.

    However a process ends, the system takes its lock away; a file `.lock` that it left says nothing.

    Raises:
        UsageError: another process holds it.
    """
    path = folder / ".lock"
    with made(folder), path.open("ab") as file:
        try:
            _lock(file)
            is_held = os.fstat(file.fileno()).st_nlink > 0  # its last holder may just have removed it
        except (BlockingIOError, PermissionError):
            is_held = False
        except OSError:
            is_held = True  # a file system without locks
        if not is_held:
            raise UsageError(f"another kzoo is at work in {folder}: wait until it ends, or stop it")
        try:
            yield
        finally:
            with suppress(OSError):  # Windows keeps what is open
                path.unlink()
