"""Time and memory of softmax and linear attention over the sequence length, and where their times cross."""

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
"""The time for which the cases of one size race, the least and the most rounds, and the least time of a lap.
A lap of a fast case has several calls."""

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
    """Time all methods at all sizes; the methods alternate at each size.

    Args:
        lengths, dims: the numbers of queries and keys, and of their features.
        backward: time the gradients too.
        memory_backend: measure the memory of each case too, in processes on this backend.
        memory_limit: leave out cases whose scores need more bytes than this.
        report: called with a line for each size.

    Returns:
        A row for each method and size, ready for JSON, with `method`, `features` (M), `length`, `dim`,
        `backward`, `seconds` (the median round), `extra_bytes` and `fits`. Values that were not measured are
        None.
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
    """Return the median seconds of a call of each case, over rounds with a lap for each case."""
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
    """Find the length from which on each linear method is faster than all softmax attention.

    The result has a row for each linear method, `dim` and pass for which a softmax attention was timed.
    `faster_from` is the smallest measured length from which on the method is always faster, None if there is
    none. `length` and the `seconds` there are interpolated on logarithmic axes between that length and the
    measured one before it, None if either is missing.
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
    """Find where the logarithm of the speed-up, interpolated between lengths, last rises through 0."""
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
    """Return the seconds of the fastest softmax attention at each length."""
    lengths = {length for method in SOFTMAX for length in times.get(method, {})}
    return {n: min(times[m][n] for m in SOFTMAX if n in times.get(m, {})) for n in lengths}


def as_csv(rows: Sequence[Row]) -> str:
    """Write the rows as comma-separated values."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def free_memory() -> int:
    """Return the free memory of the machine in bytes.

    Raises:
        UsageError: the system does not report it.
    """
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    except (AttributeError, ValueError, OSError) as error:
        raise UsageError("the system does not report its free memory: give --memory-limit") from error


def _row(case: AttentionCase, fits: bool, seconds: float | None, extra: int | None) -> Row:
    """Return the row of a case, as `race` describes it."""
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
    """Return the mean seconds of some calls."""
    started = time.perf_counter()
    for _ in range(calls):
        run()
    return (time.perf_counter() - started) / calls
