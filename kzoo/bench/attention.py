"""Time and memory of softmax and linear attention against the length, and where one overtakes the other."""

from __future__ import annotations

import csv
import io
import math
import os
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import product
from statistics import median
from typing import Any

from kzoo.bench import footprint
from kzoo.bench.case import AttentionCase
from kzoo.bench.methods import FEATURE_MAPS, METHODS, SOFTMAX
from kzoo.errors import UsageError

SECONDS, ROUNDS, LAP = 3.0, (2, 7), 0.02
"""How long the cases of one size race, in how many rounds at least and at most, and how long a lap is at
least: fast calls are timed several at once."""

Row = dict[str, Any]
Report = Callable[[str], None]


def race(
    lengths: Sequence[int],
    dims: Sequence[int],
    *,
    backward: bool,
    memory_backend: str | None,
    memory_limit: int,
    report: Report,
) -> list[Row]:
    """Time all methods at all sizes; those of one size by turns. A row for each, ready for JSON.

    Args:
        lengths, dims: queries and keys, and features of each.
        backward: time the gradients too.
        memory_backend: measure the memory of each case too, in processes on this backend.
        memory_limit: a case whose scores need more bytes is left out.
        report: gets a line for each size.

    Returns:
        Rows of `method`, `features` (M), `length`, `dim`, `backward`, `seconds` (the median round) and
        `extra_bytes`, None where not measured, and `fits`.
    """
    if memory_backend:
        footprint.check_supported()
    rows = []
    for dim, length, gradients in product(dims, lengths, (False, True) if backward else (False,)):
        cases = [AttentionCase(method=m, length=length, dim=dim, backward=gradients) for m in METHODS]
        fitting = [case for case in cases if case.score_bytes <= memory_limit]
        extra = {case: footprint.measure(memory_backend, case) for case in fitting if memory_backend}
        seconds = time_by_turns({case: case.compile() for case in fitting})
        rows += [_row(case, case in fitting, seconds.get(case), extra.get(case)) for case in cases]
        size = f"D = {dim}, L = {length:,}, {'forward and backward' if gradients else 'forward'}"
        report(f"{size}: {', '.join(f'{c.method} {1e3 * s:.2f} ms' for c, s in seconds.items())}")
    return rows


def time_by_turns(runs: dict[AttentionCase, Callable[[], Any]]) -> dict[AttentionCase, float]:
    """The median seconds of a call of each, over rounds in which each has its lap."""
    calls = {}
    for case, run in runs.items():
        run()
        calls[case] = max(1, math.ceil(LAP / _time(run, 1)))
    timings: dict[AttentionCase, list[float]] = {case: [] for case in runs}
    least, most = ROUNDS
    started = time.perf_counter()
    for done in range(most):
        if done >= least and time.perf_counter() - started > SECONDS:
            break
        for case, run in runs.items():
            timings[case].append(_time(run, calls[case]))
    return {case: median(seconds) for case, seconds in timings.items()}


def crossovers(rows: Iterable[Row]) -> list[Row]:
    """For each linear method, `dim` and pass: from which length on it is faster than all softmax attention.

    `length` and the `seconds` there are interpolated on logarithmic axes between two that were measured, None
    unless both sides were. `faster_from` is the smallest measured length from which on it
    is always faster, None if there is none. Where no softmax attention was timed, nothing is said.
    """
    groups: dict[tuple[int, bool], dict[str, dict[int, float]]] = {}
    for row in rows:
        if row["seconds"] is not None:
            methods = groups.setdefault((row["dim"], row["backward"]), {})
            methods.setdefault(row["method"], {})[row["length"]] = row["seconds"]
    return [
        {"method": method, "dim": dim, "backward": backward, **_cross(_fastest(times), times[method])}
        for (dim, backward), times in groups.items()
        for method in FEATURE_MAPS
        if _fastest(times)
    ]


def _cross(softmax: dict[int, float], linear: dict[int, float]) -> Row:
    """Where the logarithm of the speed-up, straight between lengths, last rises through 0."""
    lengths = sorted(softmax)
    gains = [math.log(softmax[length] / linear[length]) for length in lengths]
    first = max((place for place, gain in enumerate(gains) if gain <= 0), default=-1) + 1
    faster_from = lengths[first] if first < len(lengths) else None
    if first == 0 or faster_from is None:
        return {"length": None, "seconds": None, "faster_from": faster_from}
    share = gains[first - 1] / (gains[first - 1] - gains[first])
    low, high = lengths[first - 1], faster_from
    return {
        "length": low * (high / low) ** share,
        "seconds": linear[low] * (linear[high] / linear[low]) ** share,
        "faster_from": faster_from,
    }


def _fastest(times: dict[str, dict[int, float]]) -> dict[int, float]:
    """The seconds of the fastest softmax attention at each length."""
    lengths = {length for method in SOFTMAX for length in times.get(method, {})}
    return {n: min(times[m][n] for m in SOFTMAX if n in times.get(m, {})) for n in lengths}


def as_csv(rows: Sequence[Row]) -> str:
    """The rows as a table of comma-separated values."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def free_memory() -> int:
    """The bytes of memory that nobody uses.

    Raises:
        UsageError: the system does not tell.
    """
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    except (AttributeError, ValueError, OSError) as error:
        raise UsageError("the system does not tell how much memory is free: give --memory-limit") from error


def _row(case: AttentionCase, fits: bool, seconds: float | None, extra: int | None) -> Row:
    feature_map = FEATURE_MAPS.get(case.method)
    return {
        "method": case.method,
        "features": feature_map and feature_map.num_features(case.dim),
        "length": case.length,
        "dim": case.dim,
        "backward": case.backward,
        "fits": fits,
        "seconds": seconds,
        "extra_bytes": extra,
    }


def _time(run: Callable[[], Any], calls: int) -> float:
    started = time.perf_counter()
    for _ in range(calls):
        run()
    return (time.perf_counter() - started) / calls
