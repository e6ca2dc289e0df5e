from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kzoo.bench import reference, training
from kzoo.bench.task import TrainingTask
from kzoo.errors import MissingExtraError, UsageError
from kzoo.experiment import prepare
from kzoo.recipe import load_recipe
from kzoo.training.examples import Examples

REFERENCE = Path(__file__).parents[1] / "reference"


def set_all(settings):
    return [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]


@pytest.fixture
def small(own_images):
    """The arguments of a race over 60 images of a small model."""
    pytest.importorskip("torch")
    settings = {"data.name": own_images, "model.filters": 4, "model.input_shape": [28, 28, 1]}
    return ["bench", "train", "tiny-cnn", "--json", *set_all(settings)]


def test_steps_race_by_rounds(kzoo, small):
    done = kzoo(*small, "--steps", 3, "--rounds", 2)
    assert done.exit_code == 0, done.stderr
    figures = json.loads(done.stdout)
    assert (figures["steps"], figures["batch_size"], figures["optimizer"]) == (3, 8, "sgd")
    assert figures["data"]["sizes"] == {"train": 60, "validation": 20, "test": 20}
    for side in (figures["kzoo"], figures["reference"]):
        once = [side[f"{what}_seconds"] for what in ("import", "data", "first_step")]
        assert len(side["round_seconds"]) == 2
        assert min(*once, *side["round_seconds"]) > 0
        assert side["examples_per_second"] == pytest.approx(3 * 8 / np.median(side["round_seconds"]))
    speeds = [figures[side]["examples_per_second"] for side in ("kzoo", "reference")]
    assert figures["ratio"] == pytest.approx(speeds[0] / speeds[1])
    assert len(figures["ratios"]) == 2
    assert "round 2/2" in done.stderr


def test_pairs_captions_and_speech_race(kzoo, region_settings, own_speech, own_pairs):
    pytest.importorskip("torch")
    words = {"data.name": own_pairs, "data.fraction": 0.5, "model.units": 8, "training.batch_size": 8}
    sizes = {"data.name": own_speech, "model.units": 16, "model.blocks": 1, "training.batch_size": 8}
    for recipe, settings, noun in (
        ("nmt-bilinear", set_all(words), "pairs"),
        ("caption-attention", region_settings, "captioned images"),
        ("asr-attention", set_all(sizes), "clips"),
    ):
        done = kzoo("bench", "train", recipe, *settings, "--whole", "--rounds", 2, "--json")
        assert done.exit_code == 0, done.stderr
        figures = json.loads(done.stdout)
        assert figures["noun"] == noun
        assert all(len(figures[side]["epoch_seconds"]) == 2 for side in ("kzoo", "reference"))


@pytest.mark.parametrize("fraction", [1, 0.5])
def test_the_reference_has_the_examples_that_kzoo_has(own_images, own_pairs, fraction):
    for name, data, options in (
        ("tiny-cnn", own_images, {"model.input_shape": [28, 28, 1], "model.num_classes": 4}),
        ("nmt-bilinear", own_pairs, {"data.max_length": 20}),
    ):
        recipe = load_recipe(name, {"data.name": str(data), "data.fraction": fraction, **options})
        experiment = prepare(recipe)
        load = reference._LOADERS["images" if name == "tiny-cnn" else "pairs"]
        splits = load(recipe, dict(experiment.recipe.model.options), None)
        assert [len(arrays[0]) for arrays in splits] == list(experiment.sizes.values())
        for theirs, ours in zip(splits[0], experiment.examples()(1).arrays, strict=True):
            np.testing.assert_array_equal(theirs, ours)


def test_runs_race_by_epochs(kzoo, small):
    done = kzoo(*small, "--whole", "--rounds", 2, "--set", "training.epochs=5")
    assert done.exit_code == 0, done.stderr
    figures = json.loads(done.stdout)
    for side in (figures["kzoo"], figures["reference"]):
        first, second = side["epoch_seconds"]
        once = side["import_seconds"] + side["data_seconds"] + side["end_seconds"]
        assert min(first, second, side["end_seconds"]) > 0
        assert side["run_seconds"] == pytest.approx(once + first + 4 * second)
    seconds = [figures[side]["run_seconds"] for side in ("reference", "kzoo")]
    assert figures["ratio"] == pytest.approx(seconds[0] / seconds[1])


@pytest.mark.parametrize(("load", "caution"), [(0.1, False), (1.7, True)])
def test_table_has_both_sides_and_a_caution(kzoo, monkeypatch, load, caution):
    pytest.importorskip("torch")

    def race(task, names, report):
        side = {"import_seconds": 1.5, "data_seconds": 0.2, "device": "abacus"}
        data = {"name": "glyphs", "stand_in": True}
        facts = {"recipe": "cnn", "noun": "images", "data": data, "batch_size": 8, "optimizer": "sgd"}
        return {**facts, "load_before": load, "busy": load > 0.5}, {
            "kzoo": {**side, "framework": "tensorflow", "laps": [3.0, 0.1, 0.2, 0.1]},
            "reference": {**side, "framework": "torch", "laps": [1.0, 0.4, 0.4, 0.3]},
        }

    monkeypatch.setattr(training, "_race", race)
    done = kzoo("bench", "train", "cnn", "--steps", 10, "--rounds", 3)
    assert done.exit_code == 0, done.stderr
    assert "cnn on glyphs (stand-in), batch 8, sgd, abacus" in done.stdout
    assert "images/s 800 200" in " ".join(done.stdout.split())
    assert "4.00 times as fast as plain PyTorch (2.00 to 4.00 by round)" in done.stdout
    assert ("quote no ratio" in done.stdout) == caution


def test_what_is_wrong_in_a_worker_is_one_line_here(kzoo, small, tmp_path):
    (tmp_path / "mine.py").write_text("MODELS = {}\ntensors = train = evaluate = None\n")
    done = kzoo(*small, "--against", tmp_path / "mine.py", "--rounds", 1)
    assert done.exit_code == UsageError.exit_code
    assert "mine.py has no model 'tiny-cnn'" in done.stderr
    (tmp_path / "other.py").write_text("MODELS = {}\n")
    done = kzoo(*small, "--against", tmp_path / "other.py", "--rounds", 1)
    assert "other.py defines no tensors, train, evaluate" in done.stderr


def test_references_are_found_or_asked_for(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    assert training.find_reference(None) == REFERENCE
    with pytest.raises(UsageError, match="expected a Python file or package"):
        training.find_reference(tmp_path)
    monkeypatch.setattr(training.kzoo, "__file__", str(tmp_path / "site-packages" / "kzoo" / "__init__.py"))
    with pytest.raises(UsageError, match="--against PATH"):
        training.find_reference(None)
    monkeypatch.setattr(training, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'kzoo\[torch\]'"):
        training.find_reference(None)


def test_both_sides_get_the_same_orders():
    task = TrainingTask(recipe=load_recipe("cnn"), data_dir=None, against=REFERENCE, steps=5, rounds=2)
    examples = Examples.of_fixed_size(np.zeros(19))
    first, *rounds = (order.tolist() for order in task.orders(examples))
    assert len(first) == 8
    assert [len(order) for order in rounds] == [40, 40]
    assert all(len(set(order[:16])) == 16 and set(order) <= set(range(19)) for order in rounds)
    # Whole batches of an epoch again and again: a batch of like length stays one.
    assert all(order == [*order[:16], *order[:16], *order[:8]] for order in rounds)
    assert rounds[0] != rounds[1]
    epochs = [order.tolist() for order in task.model_copy(update={"steps": None}).orders(examples)]
    assert [sorted(order) for order in epochs] == [list(range(19))] * 2
