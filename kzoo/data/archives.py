"""Archives from elsewhere, unpacked so that nothing lands outside the folder."""

from __future__ import annotations

import shutil
import stat
import zlib
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from zipfile import BadZipFile, ZipFile, ZipInfo

from kzoo.data.faults import unreadable
from kzoo.errors import DataError


def unpack_zip(archive: Path, folder: Path) -> None:
    """Unpack `archive` into `folder`, each of its top-level entries whole or not at all.

    Raises:
        DataError: the archive is damaged, has a link or a path that leads elsewhere, or does not fit on the
            disk; or one of its top-level entries is in `folder` already. Nothing is left behind.
    """
    try:
        with ZipFile(archive) as contents:
            _check(contents.infolist(), archive, folder)
            with TemporaryDirectory(prefix=".unpacking-", dir=folder) as temporary:
                contents.extractall(temporary)
                for entry in sorted(Path(temporary).iterdir()):
                    entry.rename(folder / entry.name)
    except (BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as error:
        raise unreadable(archive, error) from error


def _check(members: list[ZipInfo], archive: Path, folder: Path) -> None:
    paths = [PurePosixPath(member.filename.replace("\\", "/")) for member in members]
    for member, path in zip(members, paths, strict=True):
        leads_elsewhere = path.is_absolute() or any(part == ".." or ":" in part for part in path.parts)
        if leads_elsewhere or stat.S_ISLNK(member.external_attr >> 16):
            raise DataError(f"{archive} is unsafe and was not unpacked: {member.filename!r} leads elsewhere")
    size, free = sum(member.file_size for member in members), shutil.disk_usage(folder).free
    if size > free:
        raise DataError(f"{archive} unpacks to {size:,} bytes, {folder} has room for {free:,}")
    taken = sorted({path.parts[0] for path in paths if path.parts and (folder / path.parts[0]).exists()})
    if taken:
        raise DataError(f"{folder} holds {', '.join(taken)} already; move it away to unpack {archive}")
