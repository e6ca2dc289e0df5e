from __future__ import annotations

import math

import numpy as np
import pytest

from kzoo.metrics.classification import accuracy_interval
from kzoo.reproduction.measured import measure, pool, student
from kzoo.reproduction.table import load_table
from kzoo.reproduction.verdict import compare, judge

TABLE = load_table("R001-2.2")
ROW = TABLE.rows[0]
PUBLISHED = ROW.published["test_accuracy"]


_R003_3 = load_table("R003-3")
DECODINGS = _R003_3.model_copy(update={"rows": _R003_3.rows[:3]})
"""Of which the third row decodes the runs of the second."""


def first(results, **more):
    return judge(TABLE, results, **more)[0]


def test_one_run_is_judged_by_the_interval_of_its_test(made):
    assert first([made(PUBLISHED - 0.005)]).verdict == "reproduced"
    assert first([made(PUBLISHED + 0.005)]).verdict == "reproduced"
    assert first([made(PUBLISHED - 0.007)]).verdict == "worse"
    assert first([made(PUBLISHED + 0.007)]).verdict == "better"


def test_several_runs_are_judged_by_the_interval_of_one_more(made):
    runs = [made(PUBLISHED + off, seed=seed) for seed, off in enumerate((-0.003, -0.002, -0.001, -0.002))]
    outcome = first(runs)
    measured = outcome.measured["test_accuracy"]
    half = 3.1824 * math.sqrt(2 / 3) * 0.001 * math.sqrt(1 + 1 / 4)
    assert measured.mean == pytest.approx(PUBLISHED - 0.002)
    assert measured.spread == pytest.approx(0.001 * math.sqrt(2 / 3))
    assert measured.interval == pytest.approx((PUBLISHED - 0.002 - half, PUBLISHED - 0.002 + half), abs=1e-5)
    assert outcome.verdict == "reproduced"
    offs = (0, 0.001, 0.002, 0.001)
    assert (
        first([made(PUBLISHED - 0.02 + off, seed=seed) for seed, off in enumerate(offs)]).verdict == "worse"
    )
    assert (
        first([made(PUBLISHED + 0.02 + off, seed=seed) for seed, off in enumerate(offs)]).verdict == "better"
    )


def test_runs_that_two_rows_decode_count_once(made):
    values = {
        "without-attention": (0.30, 0.31, 0.33),
        "bahdanau": (0.2, 0.22, 0.21),
        "bahdanau-nucleus": (0.3, 0.2, 0.25),
    }
    runs = [
        made(0.5, row=row, seed=seed, figures={"test_character_error_rate": x})
        for row, found in values.items()
        for seed, x in enumerate(found)
    ]
    plain, greedy, nucleus = map(np.var, values.values())
    expected = [(plain + greedy) * 3 / 4, (plain + greedy) * 3 / 4, (plain + nucleus) * 3 / 4]
    for outcome, variance in zip(judge(DECODINGS, runs), expected, strict=True):
        measured = outcome.measured["test_character_error_rate"]
        half = student(4) * math.sqrt(variance * (1 + 1 / 3))
        assert measured.interval == pytest.approx((measured.mean - half, measured.mean + half))
    alone = [result for result in runs if result.row != "bahdanau"]
    assert judge(DECODINGS, alone)[0].measured["test_character_error_rate"].interval == pytest.approx(
        tuple(
            np.mean(values["without-attention"]) + sign * student(4) * math.sqrt(expected[2] * 4 / 3)
            for sign in (-1, 1)
        )
    )


def test_a_second_seed_makes_no_row_that_is_worse_a_reproduced_one(made):
    low, lower = made(PUBLISHED - 0.008), made(PUBLISHED - 0.012, seed=43)
    assert first([low]).verdict == "worse"
    outcome = first([low, lower])
    assert outcome.verdict == "worse"
    middle = PUBLISHED - 0.01
    assert outcome.measured["test_accuracy"].interval == pytest.approx((middle - 0.006, middle + 0.006))


def test_few_runs_have_the_widest_interval_of_their_tests_about_their_mean(made):
    tests = [{"test_accuracy": (0.899, 0.902)}, {"test_accuracy": (0.90, 0.92)}]
    runs = [made(0.90 + 0.01 * seed, seed=seed, intervals=test) for seed, test in enumerate(tests)]
    assert first(runs).measured["test_accuracy"].interval == pytest.approx((0.895, 0.915))
    assert first(runs).measured["validation_accuracy"].interval is None


def test_the_deviation_is_that_of_all_rows_on_a_backend(made):
    names = [row.name for row in TABLE.rows[:3]]
    values = [[0.90, 0.91], [0.80, 0.804, 0.805], [0.85]]
    rows = zip(names, values, strict=True)
    runs = [made(x, row=row, seed=seed) for row, found in rows for seed, x in enumerate(found)]
    jax = [made(0.7 + 0.1 * seed, row=names[0], seed=seed, backend="jax") for seed in range(2)]
    s = math.sqrt((np.var(values[0]) * 2 + np.var(values[1]) * 3) / 3)
    for outcome, found in zip(judge(TABLE, runs), values, strict=False):
        low, high = outcome.measured["test_accuracy"].interval
        half = 3.1824 * s * math.sqrt(1 + 1 / len(found))
        assert (low, high) == pytest.approx((np.mean(found) - half, np.mean(found) + half), abs=1e-4)
    both = [outcome for outcome in judge(TABLE, [*runs, *jax]) if outcome.results]
    assert [(found.row.name, found.results[0].backend) for found in both] == [
        (names[0], "tensorflow"),
        (names[0], "jax"),
        (names[1], "tensorflow"),
        (names[2], "tensorflow"),
    ]
    alone = [outcome for outcome in judge(TABLE, runs) if outcome.results]
    assert [found for found in both if found.results[0].backend == "tensorflow"] == alone


@pytest.mark.parametrize(("rows", "runs"), [(1, 4), (1, 12), (3, 2), (13, 2)])
def test_the_interval_holds_one_more_run_95_times_in_100(rows, runs):
    trials = np.random.default_rng(rows + runs).normal(size=(4000, rows, runs + 1)).tolist()
    inside = 0
    for trial in trials:
        *values, one_more = trial[0]
        low, high = measure(values, pool(row[:-1] for row in trial)).interval
        inside += low <= one_more <= high
    assert abs(inside / len(trials) - 0.95) < 4 * math.sqrt(0.95 * 0.05 / len(trials))


@pytest.mark.parametrize(
    ("degrees", "t"), [(3, 3.18245), (4, 2.77645), (7, 2.36462), (31, 2.03951), (60, 2.00030), (200, 1.97190)]
)
def test_student_s_quantiles(degrees, t):
    assert student(degrees) == pytest.approx(t, rel=2e-3 if degrees < 7 else 5e-5)


def test_the_last_digit_is_given_away():
    assert compare(0.9, measure([0.90004] * 2), True) == "reproduced"
    assert compare(0.9, measure([0.90006] * 2), True) == "better"
    assert compare(0.9, measure([0.89994] * 2), True) == "worse"
    assert compare(0.9, measure([0.90006] * 2), False) == "worse"


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


def test_a_failed_run_is_told_whatever_became_of_the_others(made):
    failures = {ROW.name: "the loss is not a number"}
    kept = {
        "failed": [],
        "reproduced": [made(PUBLISHED)],
        "not comparable": [made(PUBLISHED, changed=("data.fraction",))],
    }
    for verdict, results in kept.items():
        outcome = first(results, failures=failures)
        assert (outcome.verdict, outcome.failure) == (verdict, "the loss is not a number")
        assert outcome.is_bad
        assert outcome.notes[0] == "a run failed: the loss is not a number"
        assert not first(results).is_bad
    assert first([made(PUBLISHED - 0.1)]).is_bad


def test_a_run_without_the_figure_that_decides_has_failed(made):
    whole, broken = made(PUBLISHED), made(PUBLISHED, seed=43)
    del broken.figures["test_accuracy"]
    outcome = first([whole, broken])
    assert (outcome.verdict, outcome.results) == ("reproduced", (whole,))
    assert outcome.failure == "seed 43 has no finite test_accuracy"
    assert first([broken]).verdict == "failed"


def test_only_what_all_runs_measured_is_told(made):
    whole, other = made(PUBLISHED), made(PUBLISHED, seed=43)
    del other.figures["validation_accuracy"]
    for results in ([whole, other], [other, whole]):
        assert first(results).measured.keys() == {"test_accuracy", "train_loss_running"}


@pytest.mark.parametrize(("right", "count"), [(0, 1), (1, 1), (9073, 10_000), (400, 529), (3, 7)])
def test_wilson_s_interval_is_where_the_test_of_a_share_just_holds(right, count):
    share = right / count
    for bound in accuracy_interval(share, count):
        assert (share - bound) ** 2 == pytest.approx(1.959964**2 * bound * (1 - bound) / count, abs=1e-12)
    low, high = accuracy_interval(share, count)
    assert low + 1e-12 >= 0
    assert low <= share <= high <= 1 + 1e-12
