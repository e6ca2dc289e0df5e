from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest

from kzoo.metrics.classification import accuracy_interval
from kzoo.recipe import Figure
from kzoo.reproduction.table import load_table
from kzoo.reproduction.verdict import compare, higher_is_better, judge, measure

TABLE = load_table("R001-2.2")
ROW = TABLE.rows[0]
PUBLISHED = ROW.published["test_accuracy"]


def first(results, **more):
    return judge(TABLE, results, **more)[0]


def test_one_run_is_judged_by_the_interval_of_its_test(made):
    assert first([made(PUBLISHED - 0.005)]).verdict == "reproduced"
    assert first([made(PUBLISHED + 0.005)]).verdict == "reproduced"
    assert first([made(PUBLISHED - 0.007)]).verdict == "worse"
    assert first([made(PUBLISHED + 0.007)]).verdict == "better"


def test_several_runs_are_judged_by_the_interval_of_one_more(made):
    runs = [made(PUBLISHED + off, seed=seed) for seed, off in enumerate((-0.003, -0.002, -0.001))]
    outcome = first(runs)
    measured = outcome.measured["test_accuracy"]
    half = 4.303 * 0.001 * math.sqrt(1 + 1 / 3)
    assert measured.mean == pytest.approx(PUBLISHED - 0.002)
    assert measured.spread == pytest.approx(0.001)
    assert measured.interval == pytest.approx((PUBLISHED - 0.002 - half, PUBLISHED - 0.002 + half))
    assert outcome.verdict == "reproduced"
    assert first([made(PUBLISHED - 0.02 + off) for off in (0, 0.001, 0.002)]).verdict == "worse"
    assert first([made(PUBLISHED + 0.02 + off) for off in (0, 0.001, 0.002)]).verdict == "better"


@pytest.mark.parametrize("count", [2, 3, 5, 12])
def test_the_interval_holds_one_more_run_95_times_in_100(count):
    rng = np.random.default_rng(count)
    trials = rng.normal(size=(4000, count + 1))
    inside = 0
    for *runs, one_more in trials.tolist():
        low, high = measure(runs).interval
        inside += low <= one_more <= high
    assert abs(inside / len(trials) - 0.95) < 4 * math.sqrt(0.95 * 0.05 / len(trials))


def test_with_many_runs_student_is_normal():
    runs = NormalDist().samples(200, seed=1)
    found = measure(runs)
    half = NormalDist().inv_cdf(0.975) * found.spread * math.sqrt(1 + 1 / 200)
    assert found.interval == pytest.approx((found.mean - half, found.mean + half), rel=1e-3)


def test_the_last_digit_is_given_away():
    assert compare(0.9, measure([0.90004] * 2), True) == "reproduced"
    assert compare(0.9, measure([0.90006] * 2), True) == "better"
    assert compare(0.9, measure([0.89994] * 2), True) == "worse"
    assert compare(0.9, measure([0.90006] * 2), False) == "worse"


def test_each_figure_is_better_in_its_own_direction():
    lower = ("loss", "rate", "running", "at_3")
    for figure in Figure.__args__:
        assert higher_is_better(figure) != figure.endswith(lower)
        assert higher_is_better(f"best_{figure}") == higher_is_better(figure)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"stand_in": True, "data": "glyphs"}, "the stand-in glyphs"),
        ({"changed": ("data.fraction",)}, "the recipe was changed: data.fraction"),
        ({"data": "mine"}, "trained on mine"),
        (
            {"sizes": {"train": 10, "validation": 2, "test": 3}},
            "R001 2.2 had 50,000 / 10,000 / 10,000 examples, here are 10 / 2 / 3",
        ),
    ],
)
def test_what_is_not_comparable_is_said(made, changes, reason):
    outcome = first([made(PUBLISHED), made(PUBLISHED, seed=43, **changes)])
    assert outcome.verdict == "not comparable"
    assert reason in outcome.reason
    assert len(outcome.measured["test_accuracy"].values) == 2


def test_r004_tested_on_its_own_cut(made):
    table = load_table("R004-2.1")
    sizes = {"train": 97_477, "validation": 10_832, "test": 529}
    result = made(0.8242, row="lr0.01", data="octmnist", sizes=sizes)
    assert {outcome.row.name: outcome.verdict for outcome in judge(table, [result])} == {
        "lr0.1": "not run",
        "lr0.01": "reproduced",
        "lr0.001": "not run",
    }


def test_a_failed_row_has_its_reason_and_what_is_done_counts(made):
    failed = first([], failures={ROW.name: "the loss is not a number"})
    assert (failed.verdict, failed.reason) == ("failed", "the loss is not a number")
    half = first([made(PUBLISHED)], failures={ROW.name: "stopped"})
    assert (half.verdict, half.reason) == ("reproduced", "stopped")


@pytest.mark.parametrize(("right", "count"), [(0, 1), (1, 1), (9073, 10_000), (400, 529), (3, 7)])
def test_wilson_s_interval_is_where_the_test_of_a_share_just_holds(right, count):
    share = right / count
    for bound in accuracy_interval(share, count):
        assert (share - bound) ** 2 == pytest.approx(1.959964**2 * bound * (1 - bound) / count, abs=1e-12)
    low, high = accuracy_interval(share, count)
    assert low + 1e-12 >= 0
    assert low <= share <= high <= 1 + 1e-12
