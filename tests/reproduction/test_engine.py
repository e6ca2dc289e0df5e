from __future__ import annotations

import json

import pytest

from kzoo.errors import DataError
from kzoo.reproduction import engine as module
from kzoo.reproduction import probe
from kzoo.reproduction.conditions import Conditions
from kzoo.reproduction.engine import Engine
from kzoo.reproduction.grid import to_table
from kzoo.reproduction.plan import FILE

RATES = [{"training.learning_rate": rate} for rate in (0.1, 0.01, 0.001)]


class Machine:
    """What processes say, and which rows they were asked about; every run is made at once."""

    def __init__(self):
        self.reads, self.asked, self.written = {"sha256": "d"}, [], []

    def ask(self, module, *words):
        self.asked.append(words)
        if self.reads is None:
            raise DataError("no such set")
        return {"data": {"sha256": self.reads["sha256"]}, "reads": self.reads, "figures": ["test_loss"]}

    def work(self, plan, root, conditions, **more):
        for job in plan.jobs:
            (root / job.folder).mkdir(exist_ok=True)
            (root / job.folder / "metrics.json").write_text(json.dumps({}))
        return plan


@pytest.fixture
def machine(monkeypatch):
    """In the place of all processes."""
    made = Machine()
    monkeypatch.setattr(probe, "ProcessPool", lambda size: made)
    monkeypatch.setattr(module, "work", made.work)
    write = Conditions.write_recipes

    def count(self, rows, folder):
        made.written += (rows := list(rows))
        write(self, rows, folder)

    monkeypatch.setattr(Conditions, "write_recipes", count)
    return made


def run(root, points, chosen=slice(None), recipe="fashion-cnn"):
    """The jobs of the plan after these rows were asked for, by their rows."""
    conditions = Conditions(to_table(recipe, points, "test_loss"), {}, "tensorflow")
    engine = Engine(root, 1, 1, False, lambda data: None, watcher=None)
    plan = engine.run(conditions, conditions.table.rows[chosen])
    assert json.loads((root / FILE).read_text())["jobs"] == [job.model_dump() for job in plan.jobs]
    return {job.row: job.folder for job in plan.jobs}


def test_rows_that_read_the_same_are_asked_about_once(machine, tmp_path):
    assert len(run(tmp_path, RATES)) == 3
    assert len(machine.asked) == len(machine.written) == 1
    shares = [{"data.fraction": share} for share in (0.1, 0.5)]
    run(tmp_path / "shares", shares)
    assert len(machine.asked) == 2
    encoders = [{"model.encoder": encoder} for encoder in ("conv", "runs/a", "runs/b")]
    run(tmp_path / "encoders", encoders, recipe="caption-attention")
    assert len(machine.asked) == 5


def test_a_run_is_another_where_its_model_reads_otherwise(machine, tmp_path):
    before = run(tmp_path, RATES)
    machine.reads = {"sha256": "d", "encoder": "a"}
    after = run(tmp_path, RATES)
    assert before.keys() == after.keys()
    assert not set(before.values()) & set(after.values())


def test_rows_that_were_not_asked_for_stay_while_they_would_be_the_same(machine, tmp_path, monkeypatch):
    before = run(tmp_path, RATES)
    assert run(tmp_path, RATES, slice(1)) == before
    monkeypatch.setattr(module, "code_version", lambda: "other")
    assert len(run(tmp_path, RATES, slice(1))) == 1
    assert len(run(tmp_path, RATES)) == 3
    machine.reads = {"sha256": "e"}
    assert len(run(tmp_path, RATES, slice(1))) == 1


def test_only_data_that_were_asked_for_must_be_there(machine, tmp_path, monkeypatch):
    points = [{"data.name": name} for name in ("fashion-mnist", "mnist")]
    run(tmp_path, points)
    ask = machine.ask

    def ask_about_fashion(module, *words):
        if any(str(word).endswith("name=mnist.yaml") for word in words):
            raise DataError("no such set")
        return ask(module, *words)

    monkeypatch.setattr(machine, "ask", ask_about_fashion)
    assert len(run(tmp_path, points, slice(1))) == 1
    with pytest.raises(DataError, match="no such set"):
        run(tmp_path, points)
