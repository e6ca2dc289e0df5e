"""Where a set comes from: its publisher's files, a stand-in that kzoo makes, or the user's own files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from kzoo.data.card import SetCard
from kzoo.data.data_set import DataSet
from kzoo.data.search_path import find, not_found
from kzoo.errors import DataError, MissingExtraError, UsageError
from kzoo.names import suggestion

SetT = TypeVar("SetT", bound=DataSet[Any])
OptionsT = TypeVar("OptionsT")


@dataclass(frozen=True)
class SetKind(Generic[OptionsT, SetT]):
    """How the sets of one kind are named and read.

    Args:
        noun: what a user may name, for messages: "image set, folder or npz file".
        cards: the published sets.
        stand_ins: the names of the sets that kzoo makes itself.
        read: reads a published set from the folder in which it was found.
        make: makes a stand-in.
        read_own: reads the user's own files, which exist.
    """

    noun: str
    cards: Mapping[str, SetCard]
    stand_ins: Collection[str]
    read: Callable[[Any, Path, OptionsT], SetT]
    make: Callable[[str, OptionsT], SetT]
    read_own: Callable[[Path, OptionsT], SetT]

    @property
    def names(self) -> list[str]:
        """All sets that are known by name."""
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
    """Load a set: published, made by kzoo, or the user's own.

    Args:
        kind: what kind of set it is.
        name_or_path: a published set, a stand-in, or a path. A name wins over a path; `./mnist` is a path.
        options: what is read of it, and how.
        data_dir: the folder that holds the set, or its parent; see `kzoo.data.search_path`.
        stand_in: take this set in place of the published one, even where that is found; by default the
            stand-in of its card, where it is not found.
        require_data: refuse a stand-in.

    Raises:
        UsageError: an unknown name, or an option that does not fit the set.
        DataError: the set is required and not found, or a file of it is missing or damaged.
        MissingExtraError: reading it needs a package that is not installed.
    """
    name = str(name_or_path)
    is_name = isinstance(name_or_path, str)
    if is_name and name in kind.stand_ins:
        if require_data:
            raise DataError(f"{name} is a stand-in that kzoo makes, and real data is required")
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


def _as_stand_in(
    kind: SetKind[OptionsT, SetT], name: str, instead: str, options: OptionsT, data_dir: Path | None
) -> SetT:
    """The set `instead`, marked as one that stands in for `name`; it may be a published set itself."""
    try:
        found = load(kind, instead, options, data_dir=data_dir)
    except MissingExtraError as error:
        raise MissingExtraError(f"neither {name} nor its stand-in was found: {error}") from error
    return replace(found, origin=replace(found.origin, stand_in=True))
