"""Data set cards: the published size, licence, addresses and checksums of a set of any kind."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RemoteFile:
    """A file at its official URL. `checksum` is `sha256:...` or `md5:...`, or None if none is published."""

    name: str
    url: str
    bytes: int | None
    checksum: str | None


@dataclass(frozen=True, kw_only=True)
class SetCard:
    """The published facts about a data set.

    `sizes` counts the examples of each split as the reports used them. `files` can be downloaded. `archive`
    is unpacked; if it is not one of the files, the user must put it in place. `stand_in` names the set that
    replaces this one if it is missing. `package` is the Python package that holds the files in its folder
    `data`.
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
