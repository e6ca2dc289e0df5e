"""Does a row reproduce? A pure function of what was published and what was measured.

The rule, for the figure that decides and the interval of what was measured:

    reproduced      the published figure lies in the interval
    better          it lies outside, and the measured mean is better
    worse           it lies outside, and the measured mean is not
    not comparable  the data were a stand-in, another set or of another size, or the recipe was changed
    failed          no run measured it

A published figure is one run's, so the interval is that in which one more run would lie 95 times in 100
beside the n measured ones, mean +- t s sqrt(1 + 1/n), with the standard deviation s pooled over the rows of
the table, those that decode the same runs counted once; with fewer than three degrees of freedom in all it is
the widest 95 % interval of the runs' own tests, binomial (Wilson) for an accuracy, bootstrapped over
sequences for the others (see `measured.py`). Each backend is judged by itself, for its runs of a seed are not
independent of another's. Published figures have four digits, and half of the last one is given away on both
sides. A run that failed, or whose figure is no finite number, is told beside the verdict on the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from kzoo.comparison import difference
from kzoo.metrics.table import find_metric
from kzoo.reproduction.measured import Deviation, Measured, measure, pool
from kzoo.reproduction.result import Result
from kzoo.reproduction.table import Row, Table

Verdict = Literal["reproduced", "better", "worse", "not comparable", "failed", "not run"]

RULE = (
    "reproduced: the published figure lies in the 95 % interval of one more run, whose standard deviation is "
    "pooled over the rows, or in that of the test where it has fewer than 3 degrees of freedom; better or "
    "worse: it does not, and the measured mean is better or worse"
)
"""The rule in a line."""

HALF_DIGIT = 5e-5


@dataclass(frozen=True)
class Outcome:
    """What became of a row: its results by seed, its figures over them, and the verdict with its reason.

    `failure` is what a run that failed said, whatever the others measured.
    """

    row: Row
    results: tuple[Result, ...]
    measured: dict[str, Measured]
    verdict: Verdict
    reason: str = ""
    failure: str = ""

    @property
    def is_bad(self) -> bool:
        """Whether a run failed, or the row is worse than published."""
        return self.verdict == "worse" or bool(self.failure)

    @property
    def notes(self) -> list[str]:
        """All that is to be said beside the verdict."""
        failure = f"a run failed: {self.failure}" if self.failure else ""
        return [text for text in (failure, self.reason, self.row.note) if text]

    def to_json(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return {
            **self.row.model_dump(mode="json"),
            "measured": {name: asdict(measured) for name, measured in self.measured.items()},
            "verdict": self.verdict,
            "reason": self.reason,
            "failure": self.failure,
            "runs": [{**asdict(result), "run": result.run and str(result.run)} for result in self.results],
        }


def judge(
    table: Table, results: Sequence[Result], failures: Mapping[str, str] | None = None
) -> list[Outcome]:
    """What became of each row of a table, once for each backend that it was run on.

    `failures` has by row what its last failed run said.
    """
    whole = [result for result in results if table.decides in result.figures]
    failures = {
        **{
            result.row: f"seed {result.seed} has no finite {table.decides}"
            for result in results
            if table.decides not in result.figures
        },
        **(failures or {}),
    }
    backends = [_group(found, "row") for found in _group(whole, "backend").values()]
    outcomes = []
    for row in table.rows:
        failure = failures.get(row.name, "")
        outcomes += [
            _judge_row(table, row, rows[row.name], _deviations(_trainings(table, row, rows)), failure)
            for rows in backends
            if row.name in rows
        ] or [Outcome(row, (), {}, "failed" if failure else "not run", failure=failure)]
    return outcomes


def compare(published: float, measured: Measured, higher_is_better: bool) -> Verdict:
    """The verdict on a figure whose runs are comparable."""
    low, high = measured.interval or (measured.mean, measured.mean)
    if low - HALF_DIGIT <= published <= high + HALF_DIGIT:
        return "reproduced"
    return "better" if (measured.mean > published) == higher_is_better else "worse"


def _judge_row(
    table: Table,
    row: Row,
    results: Sequence[Result],
    deviations: Mapping[str, Deviation | None],
    failure: str,
) -> Outcome:
    measured = {
        name: measure(
            [result.figures[name] for result in results],
            deviations[name],
            [result.intervals.get(name) for result in results],
        )
        for name in _shared_figures(results)
    }

    def outcome(verdict: Verdict, reason: str = "") -> Outcome:
        return Outcome(row, tuple(results), measured, verdict, reason, failure)

    published = row.published.get(table.decides)
    if published is None:
        return outcome("not comparable", "nothing is published for it")
    recipe = table.recipe(row)
    for result in results:
        if reason := difference(result.trained_on, result.changed, recipe, table.source, table.sizes):
            return outcome("not comparable", reason)
    return outcome(compare(published, measured[table.decides], find_metric(table.decides).higher_is_better))


def _shared_figures(results: Sequence[Result]) -> list[str]:
    """The figures that all of the results have, in the order of the first."""
    first, *others = (result.figures for result in results)
    return [name for name in first if all(name in figures for figures in others)]


def _trainings(table: Table, row: Row, results: Mapping[str, Sequence[Result]]) -> Iterable[Sequence[Result]]:
    """The results of each training once: as `row` decodes them if they are its own, else as it was trained.

    Two rows that decode the same runs are not independent of each other.
    """
    measured = [other for other in table.rows if other.name in results]
    last_wins = [*sorted(measured, key=lambda other: other.runs is None), row]
    return {other.runs or other.name: results[other.name] for other in last_wins}.values()


def _deviations(rows: Iterable[Sequence[Result]]) -> dict[str, Deviation | None]:
    """The standard deviation of each figure over the rows, each given by its results."""
    samples: dict[str, list[list[float]]] = {}
    for results in rows:
        for name in _shared_figures(results):
            samples.setdefault(name, []).append([result.figures[name] for result in results])
    return {name: pool(found) for name, found in samples.items()}


def _group(results: Iterable[Result], attribute: str) -> dict[str, list[Result]]:
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(getattr(result, attribute), []).append(result)
    return groups
