"""Download of published files, which are resumed, verified, and renamed only when they are complete."""

from __future__ import annotations

import re
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from kzoo.data.archives import unpack
from kzoo.data.card import RemoteFile, SetCard
from kzoo.data.checksums import checksum_like
from kzoo.data.errors import reason
from kzoo.data.limits import MAX_DOWNLOAD
from kzoo.data.search_path import files_of
from kzoo.errors import DataError
from kzoo.files import made

Progress = Callable[[str, int, int | None], None]
"""A callback that receives a file's name, the bytes so far, and the total bytes if known."""

_CHUNK = 1 << 18
_TIMEOUT_SECONDS = 30
_RANGE_NOT_SATISFIABLE = 416


def fetch(card: SetCard, folder: Path, progress: Progress | None = None) -> list[Path]:
    """Download the files of a published set into `folder`.

    Official files that are already in `folder` are kept. If the set is published as an archive, the archive
    is unpacked, whether it was downloaded or put into `folder` by the user.

    Returns:
        The files and folders of the set.

    Raises:
        DataError: the network failed (the message says which file to put where), a file is not the official
            one, the archive is missing or unsafe, or no file of the set can be downloaded by a program.
    """
    if not card.files and card.archive is None and not files_of(card, folder):
        raise DataError(
            f"{card.name} cannot be downloaded by a program: get it from {card.homepage} and put it into "
            f"{folder}; kzoo data info {card.name} says which files"
        )
    if card.archive is not None and files_of(card, folder):
        return files_of(card, folder)  # the archive was unpacked earlier
    for remote in card.files:
        try:
            download(remote, folder, progress)
        except (OSError, HTTPException) as error:
            cause = error.reason if type(error) is URLError else error
            missing = ", ".join(file.name for file in card.files if not (folder / file.name).exists())
            raise DataError(
                f"cannot download {remote.url} ({reason(cause)}): run this again to resume, "
                f"or put these files into {folder} by hand: {missing}"
            ) from error
    if card.archive is not None:
        _unpack(card, folder, card.archive)
    return files_of(card, folder)


def download(remote: RemoteFile, folder: Path, progress: Progress | None = None) -> Path:
    """Download one file as `<name>.part`, verify it, and rename it. A later call resumes a partial download.

    Without a published checksum only the length is verified, and the download is not resumed, because
    nothing would show whether the two parts belong to the same file. At most the published size is written,
    or MAX_DOWNLOAD bytes if none is published.

    Raises:
        DataError: the downloaded or the existing file is not the official one, or the download is too long.
        OSError, HTTPException: the network or the disk failed. The partial file is kept for the next call.
    """
    target = folder / remote.name
    if target.exists():
        if remote.checksum is None or checksum_like(target, remote.checksum) == remote.checksum:
            return target
        raise DataError(f"{target} is not the official file; move it away, or give another --data-dir")
    part = target.with_name(f"{target.name}.part")
    with made(folder):
        if remote.checksum is None:
            part.unlink(missing_ok=True)
        _transfer(remote, part, progress)
        if remote.checksum is not None:
            _verify(part, remote.url, remote.checksum)
        return part.replace(target)


def _verify(part: Path, url: str, checksum: str) -> None:
    found = checksum_like(part, checksum)
    if found != checksum:
        part.unlink()
        raise DataError(f"{url} sent a wrong file, now deleted: its checksum is {found}, not {checksum}")


def _transfer(remote: RemoteFile, part: Path, progress: Progress | None) -> None:
    """Append the missing bytes to `part`, or start over if the server does not support ranges."""
    done, most = part.stat().st_size if part.exists() else 0, remote.bytes or MAX_DOWNLOAD
    headers = {"User-Agent": "kzoo"} | ({"Range": f"bytes={done}-"} if done else {})
    try:
        response = urlopen(Request(remote.url, headers=headers), timeout=_TIMEOUT_SECONDS)
    except HTTPError as error:
        error.close()
        if error.code == _RANGE_NOT_SATISFIABLE and done:
            return  # no bytes are missing; the checksum shows whether the file is right
        raise
    with response:
        resumed = response.status == 206
        done = done if resumed else 0
        length = _length(response.headers.get("Content-Length"))
        total = remote.bytes if length is None else done + length
        with part.open("ab" if resumed else "wb") as file:
            while max(done, total or 0) <= most and (chunk := response.read(_CHUNK)):
                file.write(chunk)
                done += len(chunk)
                if progress is not None:
                    progress(remote.name, done, total)
    if max(done, total or 0) > most:
        part.unlink()
        raise DataError(f"{remote.url} sent a wrong file, now deleted: it has more than {most:,} bytes")
    if total is not None and done < total:
        raise ConnectionError(f"cut off after {done:,} of {total:,} bytes")


def _length(header: str | None) -> int | None:
    """Parse a Content-Length header, None if it is missing. Raises HTTPException if it is not a number."""
    if header is None:
        return None
    if not re.fullmatch("[0-9]{1,18}", header.strip()):
        raise HTTPException(f"the server sent the invalid Content-Length {header[:40]!r}")
    return int(header)


def _unpack(card: SetCard, folder: Path, archive: str) -> None:
    if not (folder / archive).is_file():
        raise DataError(
            f"{card.name} cannot be downloaded by a program: get {archive} from {card.homepage}, "
            f"put it at {folder / archive} and run this again"
        )
    unpack(folder / archive, folder)
