"""Random splits of the rows of a data set: uniform, stratified by class, or by whole groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from kzoo.data.images.image_set import Split

SPLITS = ("train", "validation", "test")
"""The names of the splits of every data set, in their usual order."""

SPLIT_SEED = 42


def sizes_line(sizes: Mapping[str, int]) -> str:
    """Return the sizes of the splits as text, such as "7,866 / 875 / 2,158"."""
    return " / ".join(f"{size:,}" for size in sizes.values())


def other_sizes(source: str, published: Mapping[str, int], found: Mapping[str, int]) -> str:
    """Return a remark if the split sizes differ from those of the report, otherwise an empty text."""
    if published == found:
        return ""
    return f"{source} had {sizes_line(published)} examples, here are {sizes_line(found)}"


def stratified_split(labels: np.ndarray, held_out: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Hold out exactly `held_out` rows, stratified by class to within one row.

    Of a class with n_c of the n rows, held_out n_c / n rows are held out, rounded by largest remainders.

    Args:
        labels: the classes of the rows, `(count,)`.
        held_out: how many rows to hold out, 0 to `count`.
        seed: the same seed draws the same rows on every machine.

    Returns:
        The kept rows and the held-out rows, each in ascending order.

    Raises:
        ValueError: `held_out` is out of range.
    """
    if not 0 <= held_out <= len(labels):
        raise ValueError(f"cannot hold out {held_out} of {len(labels)} rows")
    _, class_of_row, counts = np.unique(labels, return_inverse=True, return_counts=True)
    shares, remainders = np.divmod(held_out * counts, max(len(labels), 1))
    largest = np.argsort(-remainders, kind="stable")[: held_out - shares.sum()]
    shares[largest] += 1
    # Sorting uniform draws within a class shuffles the class. The first rows of each are held out.
    order = np.lexsort((np.random.default_rng(seed).random(len(labels)), class_of_row))
    starts = np.cumsum(counts) - counts
    rank = np.arange(len(labels)) - np.repeat(starts, counts)
    is_held_out = np.zeros(len(labels), dtype=bool)
    is_held_out[order] = rank < np.repeat(shares, counts)
    return np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)


def hold_out(split: Split, count: int) -> tuple[Split, Split]:
    """Hold out `count` images, stratified by class, and return both parts in the order of the file.

    The seed is constant, so the data for training and testing never depends on the seed of a run.
    """
    kept, held_out = stratified_split(split.labels, count, SPLIT_SEED)
    return split.take(kept), split.take(held_out)


def random_split(count: int, sizes: tuple[int, ...], seed: int) -> tuple[np.ndarray, ...]:
    """Draw disjoint sets of rows with these sizes from `count` rows, each in ascending order.

    Raises:
        ValueError: the sizes add up to more than `count`.
    """
    if sum(sizes) > count or min(sizes) < 0:
        raise ValueError(f"cannot draw {sizes} of {count} rows")
    order = np.random.default_rng(seed).permutation(count)
    ends = np.cumsum(sizes)
    return tuple(np.sort(order[end - size : end]) for size, end in zip(sizes, ends, strict=True))


def take_share(data: Any, share: float, seed: int) -> Any:
    """Return the data set with a random share of its training split, at least one example, in order."""
    if share == 1:
        return data
    (rows,) = random_split(len(data.train), (max(1, round(share * len(data.train))),), seed)
    return replace(data, train=data.train.take(rows))


def grouped_split(groups: Sequence[str], held_out: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Hold out whole groups of rows until there are at least `held_out` rows. One group is always kept.

    Args:
        groups: the group of each row, such as its speaker.
        held_out: the least number of rows to hold out.
        seed: the same seed draws the same groups, whatever the order of the rows.

    Returns:
        The kept rows and the held-out rows, each in ascending order.
    """
    names, group_of_row, counts = np.unique(np.asarray(groups, str), return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    drawn_before = np.cumsum(counts[order]) - counts[order]
    drawn = order[:-1][drawn_before[:-1] < held_out]
    is_held_out = np.isin(group_of_row, drawn)
    return np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)
