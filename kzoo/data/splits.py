"""The splits of a set, and rows drawn into them: any, or by class, or whole groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from kzoo.data.images.image_set import Split

SPLITS = ("train", "validation", "test")
"""The splits of every set, in the order in which they are told."""

SPLIT_SEED = 42


def sizes_line(sizes: Mapping[str, int]) -> str:
    """How many rows the splits have, as "7,866 / 875 / 2,158"."""
    return " / ".join(f"{size:,}" for size in sizes.values())


def other_sizes(source: str, published: Mapping[str, int], found: Mapping[str, int]) -> str:
    """What is to be said where a set has other sizes than in its report; nothing if it has the same."""
    if published == found:
        return ""
    return f"{source} had {sizes_line(published)} examples, here are {sizes_line(found)}"


def stratified_split(labels: np.ndarray, held_out: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw exactly `held_out` rows so that every class keeps its share of them to within one row.

    A class with n_c of the n rows gives held_out n_c / n rows, rounded by largest remainders.

    Args:
        labels: the classes of the rows, `(count,)`.
        held_out: how many rows to hold out, 0 to `count`.
        seed: the same seed draws the same rows on every machine.

    Returns:
        The rows kept and the rows held out, each in ascending order.

    Raises:
        ValueError: `held_out` is out of range.
    """
    if not 0 <= held_out <= len(labels):
        raise ValueError(f"cannot hold out {held_out} of {len(labels)} rows")
    _, class_of_row, counts = np.unique(labels, return_inverse=True, return_counts=True)
    shares, remainders = np.divmod(held_out * counts, max(len(labels), 1))
    largest = np.argsort(-remainders, kind="stable")[: held_out - shares.sum()]
    shares[largest] += 1
    # Sorting uniform draws within each class shuffles it; a row is held out by its rank in its class.
    order = np.lexsort((np.random.default_rng(seed).random(len(labels)), class_of_row))
    starts = np.cumsum(counts) - counts
    rank = np.arange(len(labels)) - np.repeat(starts, counts)
    is_held_out = np.zeros(len(labels), dtype=bool)
    is_held_out[order] = rank < np.repeat(shares, counts)
    return np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)


def hold_out(split: Split, count: int) -> tuple[Split, Split]:
    """The split without `count` images drawn by class, and those images, in the order of the file.

    Drawn from a constant seed: what is trained and tested on never changes with the seed of a run.
    """
    kept, held_out = stratified_split(split.labels, count, SPLIT_SEED)
    return split.take(kept), split.take(held_out)


def random_split(count: int, sizes: tuple[int, ...], seed: int) -> tuple[np.ndarray, ...]:
    """Draw disjoint sets of rows of these sizes out of `count`, each in ascending order.

    Raises:
        ValueError: there are fewer rows than the sizes add up to.
    """
    if sum(sizes) > count or min(sizes) < 0:
        raise ValueError(f"cannot draw {sizes} of {count} rows")
    order = np.random.default_rng(seed).permutation(count)
    ends = np.cumsum(sizes)
    return tuple(np.sort(order[end - size : end]) for size, end in zip(sizes, ends, strict=True))


def take_share(data: Any, share: float, seed: int) -> Any:
    """A set with this share of its training split, at least one example, in the order of the file."""
    if share == 1:
        return data
    (rows,) = random_split(len(data.train), (max(1, round(share * len(data.train))),), seed)
    return replace(data, train=data.train.take(rows))


def grouped_split(groups: Sequence[str], held_out: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw whole groups of rows until at least `held_out` rows are held out; one group is always kept.

    Args:
        groups: the group of each row, such as who speaks in it.
        held_out: how many rows to hold out at least.
        seed: the same seed draws the same groups, in whatever order the rows are.

    Returns:
        The rows kept and the rows held out, each in ascending order.
    """
    names, group_of_row, counts = np.unique(np.asarray(groups, str), return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    drawn_before = np.cumsum(counts[order]) - counts[order]
    drawn = order[:-1][drawn_before[:-1] < held_out]
    is_held_out = np.isin(group_of_row, drawn)
    return np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)
