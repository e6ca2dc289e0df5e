"""What is published about a set of any kind: its size, licence, addresses and checksums."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RemoteFile:
    """A file at its official address. `checksum` is `sha256:...` or `md5:...`, None if none is published."""

    name: str
    url: str
    bytes: int | None
    checksum: str | None


@dataclass(frozen=True, kw_only=True)
class SetCard:
    """What is published about a set.

    `sizes` counts the examples of each split as the reports used them. A set has `files` to download, or an
    `archive` to unpack, put in place by hand if it is not among the files. `stand_in` takes the place of a
    missing set; `package` is the Python package that carries its files in a folder `data`.
    """

    name: str
    title: str
    sizes: dict[str, int]
    licence: str
    homepage: str
    note: str
    stand_in: str | None = None
    files: tuple[RemoteFile, ...] = ()
    archive: str | None = None
    package: str | None = None
