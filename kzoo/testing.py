"""Checks of your own layer or model for leaks from the future, from padding and between batch elements.

Each check calls a function that maps arrays to one array at least twice and compares the results. It raises
an `AssertionError` of one line: what changed, where and by how much. Inputs that stay fixed are bound in the
function:

>>> check_no_leak(lambda x: layer(x, x, use_causal_mask=True), [x])
>>> check_padding(lambda value, mask: layer(query, value, value_mask=mask), [value], mask, aligned=False)
>>> check_batch(layer, [query, value])
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import keras
import numpy as np

Function = Callable[..., Any]

NOISE = 100.0
"""The noise in standard deviations of the array that it replaces; large, so that a faint leak shows."""


def check_no_leak(
    function: Function,
    inputs: Sequence[np.ndarray],
    positions: Iterable[int] | None = None,
    *,
    axis: int = 1,
    tolerance: float = 1e-5,
    seed: int = 0,
) -> None:
    """Check that no output depends on an input of a later position.

    For each position t the inputs after t are changed, and the outputs up to t must stay the same. Real
    numbers are replaced by noise, integers (token ids) by values drawn from the array; booleans (masks) stay.

    Args:
        function: `function(*inputs)` returns an array with time on `axis`.
        inputs: the arrays whose future is changed, with time on `axis`.
        positions: the positions t to check; None checks all but the last.
        axis: the time axis.
        tolerance: the largest difference that counts as equal.
        seed: the seed of the noise.

    Raises:
        AssertionError: an output changed.
        ValueError: a position has no later position.
    """
    rng = np.random.default_rng(seed)
    arrays = [np.asarray(x) for x in inputs]
    longest = max(x.shape[axis] for x in arrays)
    expected = _call(function, arrays)
    for position in range(longest - 1) if positions is None else positions:
        if not 0 <= position < longest - 1:
            raise ValueError(f"check_no_leak: position {position} of {longest} has no future to change")
        changed = [_spoil(x, _indices(x, axis) > position, rng) for x in arrays]
        what = f"when the inputs after position {position} of axis {axis} changed"
        _compare(_call(function, changed), expected, _indices(expected, axis) <= position, tolerance, what)


def check_padding(
    function: Function,
    inputs: Sequence[np.ndarray],
    mask: np.ndarray,
    *,
    aligned: bool = True,
    padding: float | None = None,
    extra: int = 3,
    tolerance: float = 1e-5,
    seed: int = 0,
) -> None:
    """Check that neither the content nor the number of padded positions changes an output that counts.

    Args:
        function: `function(*inputs, mask)` returns an array.
        inputs: `(batch, ..., time, ...)`, padded where the mask is False.
        mask: `(batch, ..., time)`, True where a position counts.
        aligned: True if the outputs have the axes of the mask and count where it is True; False if all
            outputs count, such as class labels or the outputs of other queries.
        padding: the value of padded positions, for a function that derives its mask from them; positions with
            this value are added. None fills padded positions with noise, as in `check_no_leak`.
        extra: the number of positions added at the end; 0 for a function of a fixed length.
        tolerance: the largest difference that counts as equal.
        seed: the seed of the noise.

    Raises:
        AssertionError: an output changed.
        ValueError: the mask does not fit the inputs, or there is nothing to change.
    """
    rng = np.random.default_rng(seed)
    mask = np.asarray(mask, bool)
    arrays = [np.asarray(x) for x in inputs]
    for x in arrays:
        if x.shape[: mask.ndim] != mask.shape:
            raise ValueError(f"check_padding: an input of shape {x.shape} does not fit a mask {mask.shape}")
    if not extra and (padding is not None or mask.all()):
        raise ValueError("check_padding: nothing to change; mask a position or set extra above 0")
    expected = _call(function, [*arrays, mask])
    counts = _widen(mask, expected) if aligned else np.array(True)
    for added in sorted({0, extra}) if padding is None else [extra]:
        present = _lengthen(mask, mask.ndim - 1, added, False)
        changed = [_lengthen(x, mask.ndim - 1, added, padding or 0) for x in arrays]
        if padding is None:
            changed = [_spoil(x, ~_widen(present, x), rng) for x in changed]
        outputs = _call(function, [*changed, present])
        if aligned:
            outputs = outputs[tuple(map(slice, mask.shape))]
        what = f"when {added} padded positions were added" if added else "when the padded positions changed"
        _compare(outputs, expected, counts, tolerance, what)


def check_batch(function: Function, inputs: Sequence[np.ndarray], *, tolerance: float = 1e-5) -> None:
    """Check that a batch gives the same outputs as its elements one at a time.

    Args:
        function: `function(*inputs)` returns an array `(batch, ...)`.
        inputs: arrays `(batch, ...)`.
        tolerance: the largest difference that counts as equal.

    Raises:
        AssertionError: an output differs.
        ValueError: the batch has fewer than two elements.
    """
    arrays = [np.asarray(x) for x in inputs]
    if min(len(x) for x in arrays) < 2:
        raise ValueError("check_batch: a batch of two elements or more is needed")
    expected = _call(function, arrays)
    singles = [_call(function, [x[i : i + 1] for x in arrays]) for i in range(len(arrays[0]))]
    what = "between the elements one at a time and the batch"
    _compare(np.concatenate(singles), expected, np.array(True), tolerance, what)


def _call(function: Function, arrays: Sequence[np.ndarray]) -> np.ndarray:
    return keras.ops.convert_to_numpy(function(*arrays)).astype(np.float64)


def _spoil(x: np.ndarray, where: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the array with other contents where `where`, which broadcasts to it, is True."""
    if x.dtype == bool:
        return x
    if np.issubdtype(x.dtype, np.integer):
        return np.where(where, rng.choice(x.ravel(), x.shape), x)
    return np.where(where, rng.normal(0.0, NOISE * (x.std() or 1.0), x.shape).astype(x.dtype), x)


def _lengthen(x: np.ndarray, axis: int, extra: int, filling: float) -> np.ndarray:
    widths = [(0, extra if i == axis else 0) for i in range(x.ndim)]
    return np.pad(x, widths, constant_values=filling)


def _indices(x: np.ndarray, axis: int) -> np.ndarray:
    """Return the position of each entry on `axis`, in a shape that broadcasts to `x`."""
    return np.moveaxis(np.arange(x.shape[axis]).reshape(-1, *[1] * (x.ndim - 1)), 0, axis)


def _widen(mask: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return a mask of the first axes of `x` in a shape that broadcasts to `x`."""
    return mask.reshape(*mask.shape, *[1] * (x.ndim - mask.ndim))


def _compare(
    outputs: np.ndarray, expected: np.ndarray, where: np.ndarray, tolerance: float, what: str
) -> None:
    """Raise AssertionError unless all outputs that count are close to `expected`; NaN never is."""
    if outputs.shape != expected.shape:
        raise AssertionError(f"the output's shape changed from {expected.shape} to {outputs.shape} {what}")
    moved = np.where(where, np.abs(outputs - expected), 0.0)
    worst = np.unravel_index(np.argmax(moved), moved.shape)  # argmax finds the first NaN, if any
    if not moved[worst] <= tolerance:
        place = ", ".join(map(str, worst))
        change = f"by {moved[worst]:.3g}, from {expected[worst]:.6g} to {outputs[worst]:.6g},"
        raise AssertionError(f"output[{place}] moved {change} {what} (tolerance {tolerance:g})")
