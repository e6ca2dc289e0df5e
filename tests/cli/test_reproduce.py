from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from kzoo import runtime
from kzoo.errors import UsageError
from kzoo.locks import hold
from kzoo.reproduction import record
from kzoo.reproduction.engine import Engine
from kzoo.reproduction.plan import load_plan
from kzoo.reproduction.table import list_tables


@pytest.fixture(scope="module")
def table(own_images, tmp_path_factory):
    """`table(**overrides)` writes a table with a row of each name, and returns its path."""
    folder = tmp_path_factory.mktemp("tables")
    model = {"name": "tiny-cnn", "input_shape": [28, 28, 1], "num_classes": 4, "filters": 2}
    training = {"learning_rate": 0.03, "epochs": 2, "batch_size": 12}
    recipe = {"name": "mine", "model": model, "data": {"name": str(own_images)}, "training": training}
    (folder / "mine.yaml").write_text(yaml.safe_dump(recipe))

    def write(**overrides: dict[str, object]) -> str:
        rows = [
            {
                "name": name,
                "recipe": str(folder / "mine.yaml"),
                "overrides": changes,
                "published": {"test_accuracy": 0.2},
                "note": f"the {name} one",
            }
            for name, changes in overrides.items()
        ]
        document = {"name": "my-table", "title": "trees", "source": "A. Author", "decides": "test_accuracy"}
        (folder / "my-table.yaml").write_text(yaml.safe_dump({**document, "rows": rows}))
        return str(folder / "my-table.yaml")

    return write


@pytest.fixture(scope="module")
def reproduced(kzoo, table, tmp_path_factory):
    """A table one of whose rows fails, made in this folder, and what was said of it."""
    root = tmp_path_factory.mktemp("reproduced")
    path = table(good={}, bad={"training.learning_rate": 1e30})
    return path, root, kzoo("reproduce", path, "--jobs", 2, "--out", root, "--json")


def test_a_row_that_fails_is_told_and_stops_no_other(reproduced):
    _, root, done = reproduced
    assert done.exit_code == 1, done.stderr
    good, bad = json.loads(done.stdout)["rows"]
    (run,) = good["runs"]
    metrics = json.loads((Path(run["run"]) / "metrics.json").read_text())
    assert good["measured"]["test_accuracy"]["values"] == [metrics["test_accuracy"]]
    assert metrics["epochs"] == 2
    assert good["verdict"] == "better"  # its data are those that the table names
    assert (bad["verdict"], bad["runs"]) == ("failed", [])
    assert bad["failure"].startswith("the training loss is not a number")
    for row in ("good", "bad"):
        assert f"{row}-seed42" in done.stderr
    assert {path.suffix for path in root.iterdir()} == {"", ".log", ".yaml", ".json"}


def test_what_was_done_is_not_done_again(reproduced, kzoo):
    path, root, _ = reproduced
    (before,) = root.glob("good-*/history.csv")
    stamp = before.stat().st_mtime_ns
    done = kzoo("reproduce", path, "--rows", "go*", "--out", root)
    assert done.exit_code == 0, done.stderr
    assert "1/1" not in done.stderr
    assert "better" in done.stdout.splitlines()[2]
    assert "good: the good one\n" in done.stdout
    assert "reproduced: the published figure lies in" in done.stdout
    assert before.stat().st_mtime_ns == stamp
    plan = load_plan(root)
    assert [job.row for job in plan.jobs] == ["good"]
    assert plan.words == ("reproduce", path)


def test_what_another_table_has_made_is_not_made_again(kzoo, table, here):
    path = table(one={}, other={"training.epochs": 1})
    made = kzoo("reproduce", path, "--rows", "one", "--out", "tables/first")
    assert made.exit_code == 0, made.stderr
    (before,) = here.glob("tables/first/one-*/metrics.json")
    path = table(same={}, new={"training.epochs": 1})
    left = kzoo("reproduce", path, "--dry-run", "--out", "tables/second", "--json")
    assert {row["row"]: row["runs"] for row in json.loads(left.stdout)["rows"]} == {"same": 0, "new": 1}
    done = kzoo("reproduce", path, "--out", "tables/second")
    assert done.exit_code == 0, done.stderr
    (copied,) = here.glob("tables/second/same-*/metrics.json")
    assert copied.read_bytes() == before.read_bytes()
    assert not list(here.glob("tables/second/same-*.log")), "nothing was trained"
    assert list(here.glob("tables/second/new-*.log"))
    assert not list(here.glob("tables/second/.same*"))


def test_what_is_interrupted_goes_on_where_it_was(table, kzoo, here):
    words = ["reproduce", table(good={"training.epochs": 30}), "--out", str(here / "runs")]
    process = subprocess.Popen([sys.executable, "-m", "kzoo", *words], stderr=subprocess.PIPE, text=True)
    while not (found := list(here.glob("runs/good-*/history.csv"))):
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert "run the same command again" in process.communicate(timeout=60)[1]
    assert process.returncode == 130
    before = found[0].read_text().splitlines()
    assert 1 < len(before) < 31
    time.sleep(0.2)
    assert found[0].read_text().splitlines() == before
    done = kzoo(*words)
    assert done.exit_code == 0, done.stderr
    after = found[0].read_text().splitlines()
    assert after[: len(before)] == before
    assert [int(row["epoch"]) for row in csv.DictReader(after)] == list(range(1, 31))
    (resumed,) = json.loads((found[0].parent / "environment.json").read_text())["resumed"]
    assert resumed["backend"] == os.environ["KERAS_BACKEND"]


def test_a_dry_run_estimates_and_leaves_nothing_behind(kzoo, table, here):
    path = table(one={}, other={"training.epochs": 4})
    done = kzoo("reproduce", path, "--dry-run", "--seeds", 3, "--jobs", 2, "--json")
    assert done.stderr.startswith("data trees.npz, ")
    told = json.loads(done.stdout)
    one, other = told["rows"]
    assert one["steps_per_epoch"] == 5
    epoch = 5 * one["step"] + one["validation"]
    assert other["seconds"] == pytest.approx(one["seconds"] + 2 * epoch)
    assert told["seconds"] == pytest.approx(3 * (one["seconds"] + other["seconds"]) / 2)
    assert not list(here.iterdir())


def test_one_at_a_time_is_at_work_in_a_folder(kzoo, table, here):
    path = table(good={})
    with hold(here / "runs"):
        done = kzoo("reproduce", path, "--out", here / "runs")
    assert done.exit_code == 2
    assert f"another kzoo is at work in {here / 'runs'}: wait until it ends" in done.stderr
    assert not list(here.glob("**/*.yaml"))


@pytest.fixture
def told(monkeypatch):
    """What an engine that makes no runs is told, and what is kept as results of record."""
    heard = SimpleNamespace(conditions=None, kept=[])

    def run(self, conditions, rows):
        heard.conditions = conditions
        results = [SimpleNamespace(row=row.name) for row in conditions.table.rows]
        return SimpleNamespace(results=lambda root: results, outcomes=lambda root: [], settings={})

    monkeypatch.setattr(Engine, "run", run)
    monkeypatch.setattr(record, "keep", lambda table, results: heard.kept.extend(r.row for r in results))
    monkeypatch.setattr(record, "check_record", lambda table: None)
    monkeypatch.setattr(runtime, "choose_backend", lambda flag, preferred: flag or preferred)
    return heard


def test_a_backend_that_is_set_is_that_of_the_runs(kzoo, told):
    done = kzoo("reproduce", "R001-2.2", "--set", "runtime.backend=jax", "--json")
    assert done.exit_code == 0, done.stderr
    assert told.conditions.backend == "jax"


def test_only_the_rows_that_are_asked_for_are_kept(kzoo, told):
    done = kzoo("reproduce", "R004-2.1", "--rows", "lr0.1", "--record", "--json")
    assert done.exit_code == 0, done.stderr
    assert told.kept == ["lr0.1"]


def test_that_results_cannot_be_kept_is_said_before_anything_is_trained(kzoo, told, monkeypatch, here):
    def refuse(table):
        raise UsageError("--record writes to a folder which cannot be written")

    monkeypatch.setattr(record, "check_record", refuse)
    done = kzoo("reproduce", "R004-2.1", "--record")
    assert (done.exit_code, told.conditions) == (2, None)
    assert "which cannot be written" in done.stderr


def test_a_dry_run_counts_what_is_to_be_trained(reproduced, kzoo, here):
    _, root, _ = reproduced
    document = load_plan(root).table.model_dump(mode="json")
    good, bad = document["rows"]
    shared = good | {"name": "shared", "runs": "good", "decoding": {"method": "greedy"}}
    mine = here / "shared.yaml"
    mine.write_text(yaml.safe_dump(document | {"rows": [good, shared, bad]}))
    words = ["reproduce", mine, "--seeds", 2, "--out", root, "--dry-run", "--json"]
    told = json.loads(kzoo(*words).stdout)
    assert {row["row"]: row["runs"] for row in told["rows"]} == {"good": 1, "shared": 0, "bad": 2}
    seconds = {row["row"]: row["seconds"] for row in told["rows"]}
    assert told["seconds"] == pytest.approx(seconds["good"] + 2 * seconds["bad"])


def test_a_dry_run_says_that_data_stand_in(kzoo, here):
    words = ["reproduce", "R001-2.2", "--rows", "lr0.1-dropout0.3", "--dry-run"]
    done = kzoo(*words)
    assert done.stderr.startswith("STAND-IN DATA ")
    refused = kzoo(*words, "--require-data")
    assert (refused.exit_code, refused.stdout) == (3, "")
    assert "kzoo data fetch fashion-mnist" in refused.stderr


@pytest.mark.parametrize("figure", ["test_bleu_4", "test_word_error_rate_at_3"])
def test_a_figure_that_no_run_has_is_named_before_anything_is_trained(table, kzoo, here, figure):
    path = Path(table(one={}))
    wrong = here / "wrong.yaml"
    wrong.write_text(path.read_text().replace("test_accuracy", figure))
    done = kzoo("reproduce", wrong, "--out", here / "runs")
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"row one: runs of {path.parent / 'mine.yaml'} measure no {figure}, only train_loss_running" in (
        done.stderr
    )
    assert not list(here.glob("runs/one-*"))


def test_the_list_has_every_table(kzoo):
    done = kzoo("reproduce", "--list")
    assert [line.split()[0] for line in done.stdout.splitlines()[1:]] == list_tables()
    told = json.loads(kzoo("reproduce", "--list", "--json").stdout)
    assert {row["name"] for row in told} == set(list_tables())


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        ([], 2, "name a table to reproduce: R000-2.4, "),
        (["R001-2"], 2, "did you mean 'R001-2.2'?"),
        (["R001-2.2", "--rows", "lr1"], 2, "R001-2.2 has no row 'lr1'"),
        (["R001-2.2", "--set", "model.dropuot=1", "--rows", "lr0.1-*"], 2, "did you mean 'dropout'?"),
        (["R001-2.2", "--fraction", "2"], 2, "data.fraction"),
        (["R001-2.2", "--fraction", ".1", "--record"], 2, "an unchanged published table"),
        (["R001-2.2", "--require-data"], 3, "kzoo data fetch fashion-mnist"),
        (["R001-2.2", "--jobs", "0"], 2, "--jobs"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_trained(kzoo, here, words, exit_code, said):
    done = kzoo("reproduce", *words)
    assert done.exit_code == exit_code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not list(here.glob("**/recipe.yaml"))
