"""Random splits of sequence pairs into training, validation and test."""

from __future__ import annotations

from pathlib import Path

from kzoo.data.pairs.pair_set import PairSplit
from kzoo.data.row_filter import Pair, RowFilter
from kzoo.data.splits import SPLITS, random_split
from kzoo.errors import DataError

Splits = dict[str, PairSplit]


def draw_splits(
    pairs: list[Pair], sizes: tuple[int | None, int, int], seed: int, path: Path, row_filter: RowFilter
) -> Splits:
    """Draw training, validation and test splits of these sizes. None means all remaining pairs.

    Raises:
        DataError: there are too few pairs. The message lists the rows of the file that were left out.
    """
    train, validation, test = sizes
    rest = len(pairs) - validation - test if train is None else train
    if rest < 1:
        found = "; ".join([f"{len(pairs)} usable pairs", *row_filter.dropped.lines()])
        raise DataError(f"{path} holds too few pairs for three splits: {found}")
    rows = random_split(len(pairs), (rest, validation, test), seed)
    return {
        name: PairSplit.of(pairs[row] for row in chosen) for name, chosen in zip(SPLITS, rows, strict=True)
    }
