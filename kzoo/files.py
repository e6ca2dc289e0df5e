"""Atomic writes, result folders and other helpers for files."""

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
    """Write a file atomically: call `write(temporary)`, flush the file to disk and rename it to `path`.

    The temporary name keeps the suffix of `path`, from which writers such as Keras and matplotlib infer the
    format. After a crash at any moment `path` holds either its old content or all of the new content.

    Raises:
        OSError: the file cannot be written; the `filename` of the error is `path`.
    """
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        write(temporary)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        error.filename = str(path)  # otherwise it is the temporary name, or None if the disk is full
        raise
    finally:
        with contextlib.suppress(OSError):  # a failing disk must not hide the first error
            temporary.unlink(missing_ok=True)


def atomic_write_text(path: Path, text: str) -> None:
    """Write `text` to `path` atomically, in UTF-8."""
    atomic_write(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def make_empty(folder: Path, otherwise: str) -> None:
    """Create a folder for results, or accept an existing empty one.

    Raises:
        UsageError: the folder is not empty; the message suggests another folder or `otherwise`.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there already: name another with --out, or {otherwise}")
    folder.mkdir(parents=True, exist_ok=True)


@contextmanager
def made(folder: Path) -> Iterator[None]:
    """Create a folder and its parents, and on exit remove those created here if they are empty."""
    new = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    finally:
        with suppress(OSError):  # the first folder that is not empty ends the removal
            for place in new:
                place.rmdir()


def is_stream(path: Path) -> bool:
    """Return whether a path is a pipe, a socket or a device, which may never end when it is read."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False  # the code that reads the path reports the error
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def check_recordable(folder: Path, writer: str = "--record") -> None:
    """Check that `writer` can write a folder of the kzoo package, as is true in a checkout.

    Raises:
        UsageError: the folder cannot be written.
    """
    try:
        folder.mkdir(exist_ok=True)
        TemporaryFile(dir=folder).close()
    except OSError as error:
        raise UsageError(
            f"{writer} writes to {folder}, which cannot be written: use your own checkout of kzoo"
        ) from error


def free_path(path: Path, suffix: str = "") -> Path:
    """Return the first of `path`, path-2, path-3, ..., each with `suffix`, that does not exist."""
    names = chain([path.name], (f"{path.name}-{number}" for number in count(2)))
    return next(place for name in names if not (place := path.with_name(f"{name}{suffix}")).exists())


def remove_partial_files(folder: Path) -> None:
    """Remove the temporary files that a process killed during `atomic_write` left behind."""
    for left_over in folder.rglob(".*.partial.*"):
        left_over.unlink()
