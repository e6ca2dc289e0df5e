from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from kzoo.reproduction.plan import load_plan

SETTINGS = [
    "--set",
    "model.filters=2",
    "--set",
    "model.input_shape=[28, 28, 1]",
    "--set",
    "training.epochs=1",
]


@pytest.fixture(scope="module")
def swept(kzoo, own_images, tmp_path_factory):
    """What is said of three learning rates, the last of which fails."""
    root = tmp_path_factory.mktemp("swept")
    words = ["sweep", "tiny-cnn", "--data", own_images, *SETTINGS, "--out", root, "--jobs", 2]
    return [*words, "--grid", "training.learning_rate=0.03,1e-6,1e30"], root


def test_points_are_ranked_by_validation_and_the_test_is_told_of_the_best(swept, kzoo):
    words, root = swept
    done = kzoo(*words, "--json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["figure"] == "validation_accuracy"
    first, second, failed = told["ranking"]
    assert first["mean"] >= second["mean"]
    assert failed["point"] == {"training.learning_rate": 1e30}
    assert failed["failure"].startswith("the training loss is not a number")
    metrics = json.loads((Path(first["runs"][0]) / "metrics.json").read_text())
    assert first["mean"] == metrics["validation_accuracy"]
    assert told["best"]["test"]["test_accuracy"] == metrics["test_accuracy"]
    assert json.dumps(told).count("test_accuracy") == 1

    plan = load_plan(root)
    assert plan.is_sweep
    assert plan.words == ("sweep", "tiny-cnn", "--grid", "training.learning_rate=0.03,1e-6,1e30")

    before = {path: path.stat().st_mtime_ns for path in root.glob("*/metrics.json")}
    table = kzoo(*words).stdout
    assert {path: path.stat().st_mtime_ns for path in root.glob("*/metrics.json")} == before
    assert table.count("test accuracy") == 1
    again = next(line for line in table.splitlines() if line.startswith("again: kzoo train"))
    dry = kzoo(*shlex.split(again)[2:], "--dry-run", "--json")
    assert (
        json.loads(dry.stdout)["recipe"]["training"]
        == json.loads(kzoo("train", f"{first['runs'][0]}/recipe.yaml", "--dry-run", "--json").stdout)[
            "recipe"
        ]["training"]
    )


@pytest.mark.parametrize("how", ["--random", "--optuna"])
def test_points_of_a_range_are_drawn(kzoo, own_images, here, how):
    words = ["sweep", "tiny-cnn", "--data", own_images, *SETTINGS, "--out", here / "runs", "--json"]
    words += ["--grid", "training.learning_rate=1e-3:1e-1:log", how, 2]
    done = kzoo(*words)
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    rates = [ranked["point"]["training.learning_rate"] for ranked in told["ranking"]]
    assert len(set(rates)) == 2
    assert all(1e-3 <= rate <= 1e-1 for rate in rates)
    assert all(len(ranked["runs"]) == 1 for ranked in told["ranking"])
    before = {path: path.stat().st_mtime_ns for path in here.glob("runs/*/metrics.json")}
    assert len(before) == 2
    assert json.loads(kzoo(*words).stdout) == told
    assert {path: path.stat().st_mtime_ns for path in here.glob("runs/*/metrics.json")} == before


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        (["--grid", "training.epochs"], 2, "expected key=a,b,c"),
        (["--grid", "training.epoch=1,2"], 2, "did you mean 'training.epochs'?"),
        (["--grid", "model.dropout=0.1:0.5"], 2, "--random N or --optuna N"),
        (["--grid", "model.filters=1,2", "--random", "1", "--optuna", "1"], 2, "choose one"),
        (["--grid", "model.filter=1,2"], 2, "did you mean 'filters'?"),
        (["--grid", "runtime.backend=tensorflow,jax"], 2, "on one backend"),
        (["--grid", "model.filters=1,2", "--grid", "model.filters=3"], 2, "names a key twice"),
        (
            ["--grid", "model.filters=1,2", "--set", "model.filters=3"],
            2,
            "--grid model.filters: another option",
        ),
        (["--grid", "data.fraction=.1,.2", "--fraction", ".5"], 2, "--grid data.fraction: another option"),
        (["--grid", "data.name=a,b", "--data", "c"], 2, "--grid data.name: another option"),
        (["--grid", "model.filters=1,2", "--data", "none.npz"], 2, "none.npz"),
        ([], 2, "--grid"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_trained(kzoo, here, words, exit_code, said):
    done = kzoo("sweep", "tiny-cnn", *words)
    assert done.exit_code == exit_code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(here.iterdir())
