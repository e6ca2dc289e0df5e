"""Reader of a user's own pairs: a file of two columns."""

from __future__ import annotations

from pathlib import Path

from kzoo.data.origin import Origin
from kzoo.data.pairs.pair_set import PairSet
from kzoo.data.pairs.splits import draw_splits
from kzoo.data.row_filter import Pair, RowFilter
from kzoo.data.rows import Row, read_csv, read_tsv
from kzoo.data.tokens import TokenKind, to_tokens
from kzoo.errors import DataError

MAX_LENGTH = 100
"""The default limit for sources and targets in tokens. Each batch is as wide as its longest sequence."""

_READERS = {".tsv": (read_tsv, "TAB"), ".txt": (read_tsv, "TAB"), ".csv": (read_csv, "comma")}

SUFFIXES = tuple(_READERS)
"""The suffixes of files of pairs."""


def read_own_pairs(
    path: Path, tokens: tuple[TokenKind, TokenKind], *, max_length: int = MAX_LENGTH, seed: int
) -> PairSet:
    """Read a UTF-8 file with a source and a target in each row and split it 80/10/10 at random.

    Columns are separated by tabs in `.tsv` and `.txt`, by commas (with double quotes where needed) in `.csv`.
    There is no header row. A row is left out and counted if it is not UTF-8, too long, repeated, or has
    an empty source or target.

    Args:
        path: the file.
        tokens: the kinds of tokens of the sources and of the targets.
        max_length: the most tokens in a source or a target.
        seed: the seed of the random splits.

    Raises:
        DataError: the file cannot be used. The message names the file, the line if any, and the problem.
    """
    if path.suffix.lower() not in _READERS:
        raise DataError(f"{path} is not a file of pairs: expected {', '.join(SUFFIXES)}")
    read_rows, separator = _READERS[path.suffix.lower()]

    def to_pair(row: Row) -> Pair:
        source, target = row.take(2, f"source {separator} target")
        return to_tokens(source, tokens[0]), to_tokens(target, tokens[1])

    row_filter = RowFilter(max_length, distinct=True)
    pairs = row_filter.select(read_rows(path), to_pair)
    tenth = max(1, len(pairs) // 10)
    splits = draw_splits(pairs, (None, tenth, tenth), seed, path, row_filter)
    return PairSet(
        **splits,
        tokens=tokens,
        origin=Origin(path.name, str(path), stand_in=False),
        dropped=row_filter.dropped,
    )
