"""Loading of a data set from its publisher's files, from a stand-in, or from the user's own files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from kzoo.data.card import SetCard
from kzoo.data.data_set import DataSet
from kzoo.data.errors import unreadable
from kzoo.data.search_path import find, not_found
from kzoo.errors import DataError, MissingExtraError, UsageError
from kzoo.names import suggestion

SetT = TypeVar("SetT", bound=DataSet[Any])
OptionsT = TypeVar("OptionsT")


@dataclass(frozen=True)
class SetKind(Generic[OptionsT, SetT]):
    """The names and readers of one kind of data set.

    Args:
        noun: the things a user may name, for error messages: "image set, folder or npz file".
        cards: the published sets.
        stand_ins: the names of the stand-ins, which kzoo generates.
        read: reads a published set from the folder in which it was found.
        make: generates a stand-in.
        read_own: reads the user's own files. The path is known to exist.
    """

    noun: str
    cards: Mapping[str, SetCard]
    stand_ins: Collection[str]
    read: Callable[[Any, Path, OptionsT], SetT]
    make: Callable[[str, OptionsT], SetT]
    read_own: Callable[[Path, OptionsT], SetT]

    @property
    def names(self) -> list[str]:
        """The names of all published sets and stand-ins of this kind."""
        return [*self.cards, *self.stand_ins]


def load(
    kind: SetKind[OptionsT, SetT],
    name_or_path: str | Path,
    options: OptionsT,
    *,
    data_dir: Path | None = None,
    stand_in: str | None = None,
    require_data: bool = False,
) -> SetT:
    """Load a published data set, a stand-in, or the user's own data set.

    Args:
        kind: the kind of the data set.
        name_or_path: a published set, a stand-in, or a path. A name wins over a path; `./mnist` is a path.
        options: the options of the reader.
        data_dir: the folder that holds the set, or its parent; see `kzoo.data.search_path`.
        stand_in: use this set instead of the published one, even if the published one is found. By default
            the stand-in named on the card is used, and only if the published set is not found.
        require_data: raise an error instead of using a stand-in.

    Raises:
        UsageError: the name is unknown, or an option does not fit the set.
        DataError: the set is required and not found, or one of its files is missing or damaged.
        MissingExtraError: reading it needs a package that is not installed.
    """
    name = str(name_or_path)
    is_name = isinstance(name_or_path, str)
    if is_name and name in kind.stand_ins:
        if require_data:
            raise DataError(f"{name} is a stand-in that kzoo generates, but real data is required")
        return kind.make(name, options)
    if is_name and name in kind.cards:
        card = kind.cards[name]
        folder = None if stand_in else find(name, data_dir)
        if folder is not None:
            return kind.read(card, folder, options)
        instead = stand_in or card.stand_in
        if require_data or instead is None:
            raise not_found(card, data_dir)
        return _as_stand_in(kind, name, instead, options, data_dir)
    if (path := Path(name)).exists():
        return kind.read_own(path, options)
    raise UsageError(f"no {kind.noun} is called {name!r}; {suggestion(name, kind.names)}")


class Layout(Protocol):
    """A layout of the files of a data set."""

    def found(self, folder: Path) -> list[Path]:
        """Return the files by which a folder in this layout is recognised; empty if it is not."""


LayoutT = TypeVar("LayoutT", bound=Layout)


def find_layout(layouts: Sequence[LayoutT], card: SetCard, folder: Path) -> LayoutT:
    """Return the first layout in which a folder holds a published data set.

    Raises:
        DataError: the folder holds the set in none of the layouts, or cannot be read.
    """
    try:
        layout = next((layout for layout in layouts if layout.found(folder)), None)
    except OSError as error:
        raise unreadable(folder, error) from error
    if layout is None:
        raise DataError(f"{folder} holds no files of {card.name}")
    return layout


def _as_stand_in(
    kind: SetKind[OptionsT, SetT], name: str, instead: str, options: OptionsT, data_dir: Path | None
) -> SetT:
    """Load `instead` in place of `name` and mark it as a stand-in. It may itself be a published set."""
    try:
        found = load(kind, instead, options, data_dir=data_dir)
    except MissingExtraError as error:
        raise MissingExtraError(f"neither {name} nor its stand-in was found: {error}") from error
    return replace(found, origin=replace(found.origin, stand_in=True))
