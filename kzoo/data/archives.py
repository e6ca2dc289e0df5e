"""Safe unpacking of downloaded archives: no file is written outside the target folder."""

from __future__ import annotations

import lzma
import shutil
import stat
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from zipfile import BadZipFile, ZipFile

from kzoo.data.errors import unreadable
from kzoo.errors import DataError

_DAMAGES = (
    *(BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError),
    *(OSError, RuntimeError, NotImplementedError),
)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a zip or a compressed tar into `folder`. No top-level entry is ever left half unpacked.

    Raises:
        DataError: the archive is damaged, contains a link or a path outside `folder`, or does not fit on the
            disk, or one of its top-level entries already exists in `folder`. Nothing is left behind.
    """
    extract = _extract_zip if archive.suffix.lower() == ".zip" else _extract_tar
    try:
        _unpack(archive, folder, extract)
    except _DAMAGES as error:
        raise unreadable(archive, error) from error


def _unpack(archive: Path, folder: Path, extract: Callable[[Path, Path], None]) -> None:
    with TemporaryDirectory(prefix=".unpacking-", dir=folder) as temporary:
        extract(archive, Path(temporary))
        entries = sorted(Path(temporary).iterdir())
        if taken := [entry.name for entry in entries if (folder / entry.name).exists()]:
            raise DataError(f"{folder} already holds {', '.join(taken)}; move it away to unpack {archive}")
        for entry in entries:
            entry.rename(folder / entry.name)


def _extract_zip(archive: Path, folder: Path) -> None:
    with ZipFile(archive) as contents:
        for member in contents.infolist():
            _check_path(member.filename, archive, is_link=stat.S_ISLNK(member.external_attr >> 16))
        _check_room(sum(member.file_size for member in contents.infolist()), archive, folder.parent)
        contents.extractall(folder)


def _extract_tar(archive: Path, folder: Path) -> None:
    """Extract a tar in one pass, because listing its names would decompress all of it once more."""
    _check_room(archive.stat().st_size, archive, folder.parent)
    with tarfile.open(archive, "r|*") as contents:
        for member in contents:
            _check_path(member.name, archive, is_link=not (member.isfile() or member.isdir()))
            target = folder / member.name
            (target if member.isdir() else target.parent).mkdir(parents=True, exist_ok=True)
            if (source := contents.extractfile(member)) is not None:
                with source, target.open("wb") as file:
                    shutil.copyfileobj(source, file)


def _check_path(name: str, archive: Path, *, is_link: bool) -> None:
    path = PurePosixPath(name.replace("\\", "/"))
    if is_link or path.is_absolute() or any(part == ".." or ":" in part for part in path.parts):
        raise DataError(f"{archive} is unsafe and was not unpacked: {name!r} points outside the folder")


def _check_room(size: int, archive: Path, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if size > free:
        raise DataError(
            f"{archive} unpacks to at least {size:,} bytes, but {folder} has only {free:,} bytes free"
        )
