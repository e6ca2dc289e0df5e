from __future__ import annotations

import math
import sys

import numpy as np
import pytest

from kzoo.errors import MissingExtraError, UsageError
from kzoo.recipe import load_recipe
from kzoo.reproduction.grid import Range, Values, grid_points, parse_axis, to_table
from kzoo.reproduction.search import optuna_points, random_points

NO_AXES = (
    *("lr", "=1", "a=", "a=1:", "a=2:1", "a=x:y", "a=0:1:log", "a=1:2:linear"),
    *("a=1:inf", "a=1:nan", "a=-inf:1", "a=1:.inf", "a=.nan,1", "a=false:true", "a=-1e308:1e308"),
    *(f"a={'9' * 5_000}", f"a=1:{'9' * 5_000}", f"a={'[' * 3_000}"),
)
"""Some of them have numbers that are none, or that cannot be counted with."""


def axes(*texts):
    return dict(map(parse_axis, texts))


def test_a_grid_is_all_combinations():
    points = grid_points(axes("training.learning_rate=1e-1,0.01", "model.dropout=0.3,0.5,0"))
    assert points == [
        {"training.learning_rate": rate, "model.dropout": dropout}
        for rate in (0.1, 0.01)
        for dropout in (0.3, 0.5, 0)
    ]


def test_values_are_what_yaml_has_them_as():
    (axis,) = axes("training.optimizer=sgd,adam").values()
    assert axis == Values(("sgd", "adam"))
    (axis,) = axes("training.drop_last=true,false").values()
    assert axis == Values((True, False))


def test_a_range_is_drawn_from_evenly_or_by_its_logarithm():
    rng = np.random.default_rng(0)
    even, by_size, whole = axes("a=0:10", "b=1e-4:1e-1:log", "c=16:64").values()
    drawn = [even.draw(rng) for _ in range(2000)]
    assert min(drawn) >= 0
    assert max(drawn) <= 10
    assert abs(np.mean(drawn) - 5) < 0.4
    logarithms = [math.log10(by_size.draw(rng)) for _ in range(2000)]
    assert abs(np.mean(logarithms) + 2.5) < 0.12
    assert {whole.draw(rng) for _ in range(2000)} == set(range(16, 65))
    assert even == Range(0, 10, False)


@pytest.mark.parametrize("text", NO_AXES)
def test_what_is_no_axis_is_refused(text):
    with pytest.raises(UsageError, match="--grid"):
        parse_axis(text)


def test_a_grid_has_no_ranges():
    with pytest.raises(UsageError, match="--random N or --optuna N"):
        grid_points(axes("model.dropout=0.1:0.9"))


def test_points_are_rows_that_can_be_trained():
    points = grid_points(axes("training.learning_rate=0.1,0.01", "training.optimizer=sgd,adam"))
    table = to_table("fashion-cnn", points, "validation_accuracy")
    assert [row.name for row in table.rows][:2] == [
        "learning_rate=0.1-optimizer=sgd",
        "learning_rate=0.1-optimizer=adam",
    ]
    for row, point in zip(table.rows, points, strict=True):
        assert table.recipe(row).training == load_recipe("fashion-cnn", point).training
        assert table.recipe(row).published is None


def test_rows_and_tables_have_names_of_their_own(tmp_path):
    path = tmp_path / "my recipe.yaml"
    path.write_text(load_recipe("fashion-cnn").to_yaml())
    points = [{"data.name": name} for name in ("a b", "a_b", "a b-2", "a/b")]
    table = to_table(str(path), points, "validation_accuracy")
    assert table.name == "my_recipe"
    assert [row.name for row in table.rows] == ["name=a_b", "name=a_b-2", "name=a_b-2-2", "name=a_b-3"]
    assert [row.overrides for row in table.rows] == points


def test_long_names_of_rows_are_cut(tmp_path):
    path = tmp_path / ".hidden.yaml"
    path.write_text(load_recipe("fashion-cnn").to_yaml())
    table = to_table(str(path), [{"data.name": "x" * 300 + end} for end in "ab"], "validation_accuracy")
    assert table.name == "hidden"
    assert len({row.name for row in table.rows}) == 2


def test_a_point_of_a_grid_is_there_once():
    assert grid_points(axes("training.learning_rate=0.1,1e-1,0.2")) == [
        {"training.learning_rate": rate} for rate in (0.1, 0.2)
    ]


def test_random_points_differ_and_are_those_of_their_seed():
    searched = axes("training.learning_rate=1e-4:1e-1:log", "model.dropout=0.3,0.5")
    points = random_points(searched, 20, seed=1)
    assert points == random_points(searched, 20, seed=1)
    assert points != random_points(searched, 20, seed=2)
    assert len({repr(point) for point in points}) == 20
    assert len(random_points(axes("model.dropout=0.3,0.5"), 20, seed=1)) == 2


def test_optuna_finds_the_better_end_and_draws_again_what_it_drew():
    pytest.importorskip("optuna")
    searched = axes("x=0.0:1.0", "kind=a,b")

    def measure(points):
        return [None if point["kind"] == "b" else -((point["x"] - 0.8) ** 2) for point in points]

    points = optuna_points(searched, 40, 1, 2, measure)
    assert points == optuna_points(searched, 40, 1, 2, measure)
    late = [point["x"] for point in points[-10:]]
    assert abs(np.median(late) - 0.8) < 0.2


def test_optuna_is_an_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'kzoo\[search\]'"):
        optuna_points(axes("a=1,2"), 1, 0, 1, lambda points: [])
