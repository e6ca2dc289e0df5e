"""Does a row reproduce? A pure function of what was published and what was measured.

The rule, for the figure that decides and the interval of what was measured:

    reproduced      the published figure lies in the interval
    better          it lies outside, and the measured mean is better
    worse           it lies outside, and the measured mean is not
    not comparable  the data were a stand-in or of another size, or the recipe was changed

A published figure is one run's, so the interval is that of one more run beside the n measured ones, whose
mean is m and whose standard deviation is s: the 95 % prediction interval m +- t s sqrt(1 + 1/n), t being
Student's with n - 1 degrees of freedom. One run has no s: the interval is then its test's own 95 % interval,
binomial (Wilson) for an accuracy, bootstrapped over sequences for the others. Published figures have four
digits, and half of the last one is given away on both sides.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import mean, stdev
from typing import Any, Literal

from kzoo.data.catalog import PUBLISHED_SETS
from kzoo.reproduction.result import Interval, Result
from kzoo.reproduction.table import Row, Table

Verdict = Literal["reproduced", "better", "worse", "not comparable", "failed", "not run"]

RULE = (
    "reproduced: the published figure lies in the 95 % interval of one more run, of a single run in that of "
    "its test; better or worse: it does not, and the measured mean is better or worse"
)
"""The rule in a line."""

HALF_DIGIT = 5e-5

_STUDENT = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)
"""The 97.5 % quantiles of Student's t with 1 to 30 degrees of freedom."""


@dataclass(frozen=True)
class Measured:
    """A figure over the seeds: each value, their mean, standard deviation and interval.

    `spread` is None for one run; `interval` is None for one run whose test has none for the figure.
    """

    values: tuple[float, ...]
    mean: float
    spread: float | None
    interval: Interval | None


@dataclass(frozen=True)
class Outcome:
    """What became of a row: its results by seed, its figures over them, and the verdict with its reason."""

    row: Row
    results: tuple[Result, ...]
    measured: dict[str, Measured]
    verdict: Verdict
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return {
            **self.row.model_dump(mode="json"),
            "measured": {name: asdict(measured) for name, measured in self.measured.items()},
            "verdict": self.verdict,
            "reason": self.reason,
            "runs": [{**asdict(result), "run": result.run and str(result.run)} for result in self.results],
        }


def higher_is_better(figure: str) -> bool:
    """Whether more of a figure is better: of an accuracy or similarity, not of a loss or an error rate."""
    return not figure.removesuffix("_running").endswith(("loss", "error_rate", "error_rate_at_3"))


def judge(
    table: Table, results: Sequence[Result], failures: Mapping[str, str] | None = None
) -> list[Outcome]:
    """What became of each row of a table; `failures` has by row what its last failed run said."""
    failures = failures or {}
    return [
        _judge_row(table, row, tuple(found for found in results if found.row == row.name), failures)
        for row in table.rows
    ]


def measure(values: Sequence[float], test_interval: Interval | None = None) -> Measured:
    """A figure of one run for each seed; `test_interval` is that of the test of a single one."""
    count, middle = len(values), mean(values)
    if count == 1:
        return Measured(tuple(values), middle, None, test_interval)
    spread = stdev(values)
    student = _STUDENT[count - 2] if count - 2 < len(_STUDENT) else 1.96
    half = student * spread * math.sqrt(1 + 1 / count)
    return Measured(tuple(values), middle, spread, (middle - half, middle + half))


def compare(published: float, measured: Measured, higher_is_better: bool) -> Verdict:
    """The verdict on a figure whose runs are comparable."""
    low, high = measured.interval or (measured.mean, measured.mean)
    if low - HALF_DIGIT <= published <= high + HALF_DIGIT:
        return "reproduced"
    return "better" if (measured.mean > published) == higher_is_better else "worse"


def difference(table: Table, result: Result) -> str:
    """Why the figures of a run cannot stand beside those published; empty if they can."""
    if result.stand_in:
        return f"trained on the stand-in {result.data}"
    if result.changed:
        return f"the recipe was changed: {', '.join(result.changed)}"
    card = PUBLISHED_SETS.get(result.data)
    if card is None:
        return f"trained on {result.data}, which is no published set"
    sizes = {**card.sizes, **table.sizes}
    if result.sizes != sizes:
        theirs, ours = (" / ".join(f"{n:,}" for n in counts.values()) for counts in (sizes, result.sizes))
        return f"{table.source} had {theirs} examples, here are {ours}"
    return ""


def _judge_row(table: Table, row: Row, results: tuple[Result, ...], failures: Mapping[str, str]) -> Outcome:
    if not results:
        failure = failures.get(row.name)
        return Outcome(row, (), {}, "failed" if failure else "not run", failure or "")
    measured = {
        name: measure([result.figures[name] for result in results], results[0].intervals.get(name))
        for name in results[0].figures
    }
    published = row.published.get(table.decides)
    if published is None:
        return Outcome(row, results, measured, "not comparable", "nothing is published for it")
    for result in results:
        if reason := difference(table, result):
            return Outcome(row, results, measured, "not comparable", reason)
    verdict = compare(published, measured[table.decides], higher_is_better(table.decides))
    return Outcome(row, results, measured, verdict, failures.get(row.name, ""))
