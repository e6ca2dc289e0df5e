"""A folder that one process at a time writes in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from kzoo.errors import UsageError

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
    """Keep a folder, which is made if it is not there, from other processes that would hold it.

    However a process ends, the system takes its lock away; the file `.lock` says nothing and may stay.

    Raises:
        UsageError: another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("ab") as file:
        try:
            _lock(file)
        except (BlockingIOError, PermissionError) as error:
            raise UsageError(
                f"another kzoo is at work in {folder}: wait until it ends, or stop it"
            ) from error
        except OSError:
            pass  # a file system that has no locks
        yield
