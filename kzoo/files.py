"""Files that are either whole or absent, and what may be read."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain, count
from pathlib import Path
from tempfile import TemporaryFile

from kzoo.errors import UsageError


def atomic_write(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write(temporary)` make the file, flush it to the disk and rename it to `path`.

    The temporary name keeps the suffix of `path`, which tells writers such as Keras and matplotlib the
    format. After a crash at any moment `path` holds either what it held before or all of the new content.

    Raises:
        OSError: it cannot be written; `filename` is `path`.
    """
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        write(temporary)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        error.filename = str(path)  # neither the temporary name nor, as on a full disk, none at all
        raise
    finally:
        with contextlib.suppress(OSError):  # a disk that cannot be written need not be tidied
            temporary.unlink(missing_ok=True)


def atomic_write_text(path: Path, text: str) -> None:
    """Write `text` in UTF-8 to `path`, whole or not at all."""
    atomic_write(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def make_empty(folder: Path, otherwise: str) -> None:
    """Make a folder for results, or take an empty one.

    Raises:
        UsageError: it holds something; the error says what to do `otherwise` than name another.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there already: name another with --out, or {otherwise}")
    folder.mkdir(parents=True, exist_ok=True)


@contextmanager
def made(folder: Path) -> Iterator[None]:
    """Have a folder, and those that it lies in; of them those are removed that were made for nothing."""
    new = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    finally:
        with suppress(OSError):  # it holds something
            for place in new:
                place.rmdir()


def is_stream(path: Path) -> bool:
    """Whether it is a pipe, a socket or a device, which has no end that its reader could wait for."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False  # whoever reads it says what is wrong
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def check_recordable(folder: Path) -> None:
    """See that a folder of kzoo's own can be written, as that of results of record can in a checkout.

    Raises:
        UsageError: it cannot.
    """
    try:
        folder.mkdir(exist_ok=True)
        TemporaryFile(dir=folder).close()
    except OSError as error:
        raise UsageError(
            f"--record writes to {folder}, which cannot be written: use a checkout of kzoo of your own"
        ) from error


def free_path(path: Path, suffix: str = "") -> Path:
    """`path` and `suffix`, or where something is there, the first of path-2, path-3, ... where nothing is."""
    names = chain([path.name], (f"{path.name}-{number}" for number in count(2)))
    return next(place for name in names if not (place := path.with_name(f"{name}{suffix}")).exists())


def remove_partial_files(folder: Path) -> None:
    """Remove what `atomic_write` could not: temporary files of a process that was killed while it wrote."""
    for left_over in folder.rglob(".*.partial.*"):
        left_over.unlink()
