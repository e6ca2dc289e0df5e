from __future__ import annotations

import csv
import json

import pytest

from kzoo.bench import decoding_race, machine, record, training_race
from kzoo.errors import DataError, KzooError, UsageError

PLACE = {"device": "abacus", "versions": {"kzoo": "0.1", "jax": "0.2"}, "commit": "0123456789+changes"}


def side(speed, **more):
    return {**PLACE, "framework": "jax", "examples_per_second": speed, **more}


def student(speed, threads):
    return {"versions": {"torch": "2.0"}, "examples_per_second": speed, "threads": threads}


def of_training(**more):
    """Figures of a race of steps, the student's faster with two threads."""
    peers = {
        "student": {"ratio": 4.0, "ratios": [4.0, 3.0, 5.0], "sides": [student(50.0, 2), student(40.0, 1)]},
        "tight": {"ratio": 2.0, "ratios": [2.0, 1.5], "sides": [student(100.0, 1)]},
        "fit": {"ratio": 1.6, "ratios": [1.5, 1.7], "sides": [side(125.0)]},
    }
    return {
        **{"recipe": "cnn", "changed": ["training.batch_size"], "batch_size": 16, "optimizer": "adam"},
        **{"data": {"name": "glyphs", "stand_in": True}, "noun": "images", "steps": 256},
        **{"kzoo": side(200.0), "peers": peers, "ratio": 4.0, "ratios": [4.0, 3.0, 5.0]},
        **{"machine": "Abacus 9, 2 cores", "busy_before": 0.05, "busy_during": 0.1, "busy": False},
        **more,
    }


def of_decoding():
    ours = {**side(None), "sentences_per_second": {"greedy": 900.0, "beam": 300.0}}
    compared = {
        "batches": {"ratio": 1.5, "ratios": [1.4, 1.6], "threads": 2, "sentences_per_second": 600.0},
        "singly": {"ratio": 30.0, "ratios": [29.0, 31.0], "threads": 1, "sentences_per_second": 30.0},
    }
    return {
        **{"recipe": "nmt-best", "model": "nmt-bilinear", "changed": ["training.epochs", "model.units"]},
        **{"data": {"name": "spa-eng", "stand_in": False}, "beam": 4, "kzoo": ours, "compared": compared},
        **{"students": [student(None, 2)], "machine": "Abacus 9, 2 cores"},
        **{"busy_before": 0.0, "busy_during": None, "busy": False},
    }


@pytest.fixture(autouse=True)
def place(monkeypatch, tmp_path):
    """The file of record, which is not there yet."""
    path = tmp_path / "speed.csv"
    monkeypatch.setattr(record, "_place", lambda: path)
    return path


def test_what_is_kept_is_read_again():
    speeds = [record.speed_of_training(of_training()), record.speed_of_decoding(of_decoding())]
    for speed in speeds:
        record.keep(speed)
    assert record.load_speeds("speed-train") == speeds[:1]
    assert record.load_speeds("speed-decode") == speeds[1:]


def test_a_line_has_what_raced_and_where(place):
    record.keep(record.speed_of_training(of_training()))
    (line,) = csv.DictReader(place.read_text().splitlines())
    wanted = {
        **{"race": "steps", "recipe": "cnn", "changed": "", "data": "glyphs", "stand_in": "True"},
        **{"batch": "16", "backend": "jax", "machine": "Abacus 9, 2 cores", "busy": "0.1"},
        **{"versions": "kzoo=0.1 jax=0.2 torch=2.0", "commit": "0123456789+changes", "kzoo": "200.0"},
        **{"student_speed": "50.0", "student_ratio": "4.0", "student_low": "3.0", "student_high": "5.0"},
        **{"student_threads": "2", "tight_ratio": "2.0", "fit_ratio": "1.6", "fit_threads": ""},
    }
    assert {column: line[column] for column in wanted} == wanted


def test_a_race_of_the_same_takes_the_place_of_the_other():
    for figures in (
        of_training(),
        of_training(batch_size=8),
        of_training(kzoo=side(300.0)),
        of_training(changed=["model.dropout"]),
    ):
        record.keep(record.speed_of_training(figures))
    speeds = record.load_all()
    assert [(speed.batch, speed.changed, speed.kzoo) for speed in speeds] == [
        (16, "", 300.0),
        (8, "", 200.0),
        (16, "model.dropout", 200.0),
    ]


@pytest.mark.parametrize("busy", [{"busy_before": 1.7}, {"busy_during": 1.7}])
def test_speeds_of_a_busy_machine_are_not_kept(busy):
    with pytest.raises(KzooError, match=r"--record needs an idle machine \(1\.7 of "):
        record.speed_of_training(of_training(**busy))


def test_a_damaged_record_is_named(place):
    place.write_text("race,recipe\nsteps,cnn\n")
    with pytest.raises(DataError, match=r"speed\.csv is not a file of speeds"):
        record.load_all()


def test_a_place_that_cannot_be_written_is_said_before_the_race(kzoo, monkeypatch, place):
    pytest.importorskip("torch")
    place.parent.joinpath("file").write_text("")
    monkeypatch.setattr(record, "_place", lambda: place.parent / "file" / "speed.csv")
    done = kzoo("bench", "train", "cnn", "--record")
    assert done.exit_code == UsageError.exit_code
    assert "--record writes to " in done.stderr


@pytest.fixture
def idle(monkeypatch):
    """A machine that is idle; `idle(processors)` makes it busier."""
    monkeypatch.setattr(machine, "read", lambda: None)

    def set_busy(processors: float = 0.0):
        monkeypatch.setattr(machine, "_measure", lambda: processors)

    set_busy()
    return set_busy


def test_each_recipe_is_kept_as_it_comes(kzoo, monkeypatch, idle):
    pytest.importorskip("torch")

    def race(task, report):
        if task.recipe.name == "mlp":
            raise KzooError("the race was stopped")
        return of_training(recipe=task.recipe.name, batch_size=task.recipe.training.batch_size)

    monkeypatch.setattr(training_race, "race_steps", race)
    monkeypatch.setattr("kzoo.cli.bench.print_training", lambda figures: None)
    words = ["--record", "--wait", 0, "--backend", "jax"]
    pytest.importorskip("jax")
    done = kzoo("bench", "train", "tiny-cnn", "mlp", "cnn", *words)
    assert done.exit_code == 1
    assert "recorded in " in done.stderr
    assert [speed.recipe for speed in record.load_all()] == ["tiny-cnn"]


def test_a_decoding_is_kept_and_shown(kzoo, monkeypatch, idle, trained_pair_run):
    pytest.importorskip("torch")
    monkeypatch.setattr(
        decoding_race, "race_decoding", lambda task, report: of_decoding() | {"counts": {}, "beam": task.beam}
    )
    monkeypatch.setattr("kzoo.cli.bench.print_decoding", lambda figures: None)
    done = kzoo("bench", "decode", trained_pair_run, "--record", "--wait", 0, "--beam", 6)
    assert done.exit_code == 0, done.stderr
    shown = kzoo("records", "speed-decode").stdout
    assert (
        "| `nmt-best` with other model.units | spa-eng | jax | 900 | 300 (6) "
        "| 1.50 (1.40 to 1.60), 2 threads | 30.00 (29.00 to 31.00), 1 thread |"
    ) in shown


def test_a_busy_machine_is_refused_before_the_race(kzoo, monkeypatch, idle, place):
    pytest.importorskip("torch")
    idle(1.7)
    monkeypatch.setattr(training_race, "race_steps", lambda task, report: pytest.fail("raced"))
    done = kzoo("bench", "train", "cnn", "--record", "--wait", 0)
    assert done.exit_code == 1
    assert "--record needs an idle machine (1.7 of " in done.stderr
    assert not place.exists()


def test_the_table_has_steps_and_whole_runs_in_a_line(kzoo, tmp_path):
    whole = of_training()
    peers = {"student": {**whole["peers"]["student"], "ratio": 2.5, "ratios": [2.4, 2.6]}}
    del whole["steps"]
    for figures in (of_training(), whole | {"peers": peers}):
        record.keep(record.speed_of_training(figures))
    line = (
        "| `cnn` | glyphs, stand-in, batch 16 | jax | 200 | 4.00 (3.00 to 5.00), 2 threads "
        "| 2.00 (1.50 to 2.00), 1 thread | 1.60 (1.50 to 1.70) | 2.50 (2.40 to 2.60), 2 threads |"
    )
    page = tmp_path / "page.md"
    page.write_text("<!-- records speed-train -->\n<!-- end -->\n")
    assert kzoo("records", "--write", page).exit_code == 0
    text = page.read_text()
    assert line in text.splitlines()
    assert "Abacus 9, 2 cores, abacus; " in text
    assert "kzoo 0.1, jax 0.2, torch 2.0; kzoo at 0123456+changes" in text
    (told,) = json.loads(kzoo("records", "speed-train", "--json").stdout).values()
    assert [(each["race"], each["peers"]["student"]["ratio"]) for each in told] == [
        ("steps", 4.0),
        ("whole", 2.5),
    ]


def test_a_table_without_a_speed_has_an_empty_row(kzoo, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("<!-- records speed-decode -->\n<!-- end -->\n")
    assert kzoo("records", "--write", page).exit_code == 0
    assert "| \u2013 | \u2013 |" in page.read_text()
    assert "Not measured yet." in page.read_text()


def measured(backend, speed, **more):
    """Record a training by its speed on a backend."""
    ours = {**side(speed), "framework": backend}
    record.keep(record.speed_of_training(of_training(**{"kzoo": ours, **more})))


def test_a_backend_twice_as_fast_is_named():
    for backend, speed in (("tensorflow", 100.0), ("jax", 250.0), ("torch", 240.0)):
        measured(backend, speed)
    assert record.faster_backend("cnn", "tensorflow", "abacus", ["jax", "torch"]).backend == "jax"
    assert record.faster_backend("cnn", "tensorflow", "abacus", ["tensorflow", "torch"]).backend == "torch"
    assert record.faster_backend("cnn", "torch", "abacus", ["jax"]) is None  # hardly faster


def test_only_equal_trainings_are_compared():
    measured("tensorflow", 100.0)
    measured("jax", 250.0, batch_size=32)
    assert record.faster_backend("cnn", "tensorflow", "abacus", ["jax"]) is None
    assert record.faster_backend("mlp", "tensorflow", "abacus", ["jax"]) is None
    measured("jax", 250.0)
    assert record.faster_backend("cnn", "tensorflow", "GPU (Abacus 9)", ["jax"]) is None
