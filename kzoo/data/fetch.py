"""Published files brought from their official addresses: resumed, verified, and whole or absent."""

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
"""Called with a file's name, the bytes that are there, and the bytes in all if known."""

_CHUNK = 1 << 18
_TIMEOUT_SECONDS = 30
_RANGE_NOT_SATISFIABLE = 416


def fetch(card: SetCard, folder: Path, progress: Progress | None = None) -> list[Path]:
    """Bring the files of a published set into `folder`.

    Official files that are there are kept. A set that comes in an archive, downloaded or put into `folder` by
    the user, is unpacked.

    Returns:
        The files and folders of the set.

    Raises:
        DataError: the network failed (the message says which file to put where), a file is not the official
            one, the archive is missing or unsafe, or there is nothing that a program can download.
    """
    if not card.files and card.archive is None and not files_of(card, folder):
        raise DataError(
            f"{card.name} cannot be downloaded by a program: get it from {card.homepage} and put it into "
            f"{folder}; kzoo data info {card.name} says which files"
        )
    if card.archive is not None and files_of(card, folder):
        return files_of(card, folder)  # unpacked before
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
    """Download one file as `<name>.part`, which a later call resumes; it gets its name once verified.

    Without a published checksum only its length is verified, and it is not resumed: nothing could tell
    whether the parts belong together. No more is written than the published size, or MAX_DOWNLOAD.

    Raises:
        DataError: the file that came, or that was there, is not the official one, or it is too long.
        OSError, HTTPException: the network or the disk failed; what came so far is kept for the next call.
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
    """Append what is missing to `part`; start over where the server does not know ranges."""
    done, most = part.stat().st_size if part.exists() else 0, remote.bytes or MAX_DOWNLOAD
    headers = {"User-Agent": "kzoo"} | ({"Range": f"bytes={done}-"} if done else {})
    try:
        response = urlopen(Request(remote.url, headers=headers), timeout=_TIMEOUT_SECONDS)
    except HTTPError as error:
        error.close()
        if error.code == _RANGE_NOT_SATISFIABLE and done:
            return  # nothing is missing: the checksum decides
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
    """What Content-Length says, None where the server sends none. Raises HTTPException for no number."""
    if header is None:
        return None
    if not re.fullmatch("[0-9]{1,18}", header.strip()):
        raise HTTPException(f"the server says that its length is {header[:40]!r}")
    return int(header)


def _unpack(card: SetCard, folder: Path, archive: str) -> None:
    if not (folder / archive).is_file():
        raise DataError(
            f"{card.name} cannot be downloaded by a program: get {archive} from {card.homepage}, "
            f"put it at {folder / archive} and run this again"
        )
    unpack(folder / archive, folder)
