"""A metric over the runs of a row: its mean, standard deviation and 95 % prediction interval.

The n runs of row i measured x_i1 .. x_in. Two or three runs alone give a poor estimate of their standard
deviation, so it is pooled over the rows of the table:

    s^2 = sum_i sum_j (x_ij - mean_i)^2 / v,  v = sum_i (n_i - 1)

One more run of a row lies in mean +- t_v s sqrt(1 + 1/n) with 95 % probability, where t_v is the 97.5 %
quantile of Student's t with v degrees of freedom. With fewer than `LEAST_DEGREES` degrees of freedom this
interval says little. The widest 95 % interval of the runs' own tests, moved to the mean, replaces it then.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist, mean, stdev, variance

from kzoo.reproduction.result import Interval

LEAST_DEGREES = 3
"""The least degrees of freedom for a pooled interval: t is 3.2 with three, 4.3 with two, 12.7 with one."""


@dataclass(frozen=True)
class Measured:
    """A metric over the seeds: each value, their mean, standard deviation and interval.

    `spread` is None for one run. `interval` is None if there are too few runs and their tests have none.
    """

    values: tuple[float, ...]
    mean: float
    spread: float | None
    interval: Interval | None


@dataclass(frozen=True)
class Deviation:
    """The pooled standard deviation between runs of the same row, and its degrees of freedom."""

    value: float
    degrees: int


def pool(rows: Iterable[Sequence[float]]) -> Deviation | None:
    """Pool the standard deviation over rows, each given by its runs; None below `LEAST_DEGREES`."""
    repeated = [values for values in rows if len(values) > 1]
    degrees = sum(len(values) - 1 for values in repeated)
    if degrees < LEAST_DEGREES:
        return None
    squares = math.fsum((len(values) - 1) * variance(values) for values in repeated)
    return Deviation(math.sqrt(squares / degrees), degrees)


def measure(
    values: Sequence[float], deviation: Deviation | None = None, tests: Sequence[Interval | None] = ()
) -> Measured:
    """Summarise the values of a metric over the runs of a row.

    Args:
        values: the value of each run.
        deviation: the standard deviation pooled over the rows of the table.
        tests: the interval of each run's own test, None for a test without one.
    """
    middle = mean(values)
    spread = stdev(values) if len(values) > 1 else None
    if deviation is None:
        return Measured(tuple(values), middle, spread, _widest(middle, values, tests))
    half = student(deviation.degrees) * deviation.value * math.sqrt(1 + 1 / len(values))
    return Measured(tuple(values), middle, spread, (middle - half, middle + half))


def student(degrees: int) -> float:
    """Return the 97.5 % quantile of Student's t, exact to 0.2 % from `LEAST_DEGREES` degrees of freedom on.

    It uses the expansion of Fisher and Cornish (1960) about the quantile of the normal distribution.
    """
    z = NormalDist().inv_cdf(0.975)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / degrees**power for power, term in enumerate(terms, 1))


def _widest(middle: float, values: Sequence[float], tests: Sequence[Interval | None]) -> Interval | None:
    """Return the widest interval of a test, moved from the value of its run to the mean `middle`."""
    moved = [
        (middle - (value - test[0]), middle + (test[1] - value))
        for value, test in zip(values, tests, strict=False)
        if test is not None
    ]
    return max(moved, key=lambda ends: ends[1] - ends[0], default=None)
