"""The verdict on a row: whether it reproduces, as a pure function of published figures and measured metrics.

The rule compares the published figure of the deciding metric with the measured interval:

    reproduced      the published figure lies in the interval
    better          it lies outside, and the measured mean is better
    worse           it lies outside, and the measured mean is not better
    not comparable  the row has no published figure, the data were a stand-in, another data set or of another
                    size, or the recipe was changed
    failed          no run measured the metric
    not run         no run was made

A published figure comes from one run. The interval is therefore the 95 % prediction interval of one more run
after the n measured ones, mean +- t s sqrt(1 + 1/n). The standard deviation s is pooled over the rows of the
table, where rows that decode the same runs count once. With fewer than three degrees of freedom in all, the
interval is the widest 95 % interval of the runs' own tests: binomial (Wilson) for an accuracy, bootstrapped
over sequences for the other metrics (see `measured.py`). Each backend is judged separately, because runs of
the same seed on two backends are not independent. Published figures have four digits, so the interval is
widened by half of the last digit on both sides. A run that failed, or whose metric is not finite, is reported
beside the verdict on the others.
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
    "reproduced: the published figure lies in the 95 % interval of one more run, with the standard deviation "
    "pooled over the rows, or in the test's own if there are fewer than 3 degrees of freedom; better or "
    "worse: it lies outside, and the measured mean is better or worse"
)
"""The rule in one line, printed below tables."""

HALF_DIGIT = 5e-5
"""Half of the last of the four digits of a published figure."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of a row: a result for each seed, the metrics over the seeds, the verdict and its reason.

    `failure` is the error message of a failed run, even if other runs succeeded.
    """

    row: Row
    results: tuple[Result, ...]
    measured: dict[str, Measured]
    verdict: Verdict
    reason: str = ""
    failure: str = ""

    @property
    def is_bad(self) -> bool:
        """Whether a run failed or the row is worse than published."""
        return self.verdict == "worse" or bool(self.failure)

    @property
    def notes(self) -> list[str]:
        """The remarks to print beside the verdict: the failure, the reason, and the note of the row."""
        failure = f"a run failed: {self.failure}" if self.failure else ""
        return [text for text in (failure, self.reason, self.row.note) if text]

    def to_json(self) -> dict[str, Any]:
        """Return the outcome, ready for JSON."""
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
    """Return the outcome of each row of a table, one for each backend on which the row was run.

    `failures` has the error message of the last failed run, by the name of the row.
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
    """Return the verdict on a published figure and the metric of comparable runs."""
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
    """Return the outcome of a row from its results on one backend."""
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
        return outcome("not comparable", "it has no published figure")
    recipe = table.recipe(row)
    for result in results:
        if reason := difference(result.trained_on, result.changed, recipe, table.source, table.sizes):
            return outcome("not comparable", reason)
    return outcome(compare(published, measured[table.decides], find_metric(table.decides).higher_is_better))


def _shared_figures(results: Sequence[Result]) -> list[str]:
    """Return the metrics that all results have, in the order of the first result."""
    first, *others = (result.figures for result in results)
    return [name for name in first if all(name in figures for figures in others)]


def _trainings(table: Table, row: Row, results: Mapping[str, Sequence[Result]]) -> Iterable[Sequence[Result]]:
    """Return the results of each training once, because rows that decode the same runs are not independent.

    The training that `row` decodes has the results of `row`. Any other training has the results of the row
    that trained it.
    """
    measured = [other for other in table.rows if other.name in results]
    last_wins = [*sorted(measured, key=lambda other: other.runs is None), row]
    return {other.runs or other.name: results[other.name] for other in last_wins}.values()


def _deviations(rows: Iterable[Sequence[Result]]) -> dict[str, Deviation | None]:
    """Return the pooled standard deviation of each metric over the rows, each given by its results."""
    samples: dict[str, list[list[float]]] = {}
    for results in rows:
        for name in _shared_figures(results):
            samples.setdefault(name, []).append([result.figures[name] for result in results])
    return {name: pool(found) for name, found in samples.items()}


def _group(results: Iterable[Result], attribute: str) -> dict[str, list[Result]]:
    """Group results by the value of an attribute."""
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(getattr(result, attribute), []).append(result)
    return groups
