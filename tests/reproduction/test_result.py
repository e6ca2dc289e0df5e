from __future__ import annotations

import json
import math

import pytest

from kzoo.recipe import load_recipe
from kzoo.reproduction.result import read_result
from kzoo.training.run import RunFolder


@pytest.fixture
def finished(tmp_path):
    """`finished(**figures)` is a run of fashion-cnn that measured these."""

    def write(**figures: float) -> RunFolder:
        sizes = {"train": 5}
        data = {"name": "fashion-mnist", "location": "", "stand_in": False, "sizes": sizes, "sha256": "0"}
        metrics = {"recipe": "fashion-cnn", "parameters": 7, "epochs": 2, "tested_epoch": 2, "data": data}
        metrics |= {"seconds": 1.5, **figures, "test": {"accuracy": 0.5, "count": 4}}
        metrics["comparison"] = {"published": None}
        environment = {"backend": "jax", "device": "CPU", "versions": {}, "commit": None, "data": data}
        environment["reference"] = {}
        (tmp_path / "recipe.yaml").write_text(load_recipe("fashion-cnn").to_yaml())
        (tmp_path / "metrics.json").write_text(json.dumps(metrics))
        (tmp_path / "environment.json").write_text(json.dumps(environment))
        return RunFolder(tmp_path)

    return write


def test_a_figure_that_is_no_finite_number_is_left_out(finished):
    run = finished(validation_loss=math.nan, train_loss_running=math.inf, validation_accuracy=0.25)
    result = read_result("a row", load_recipe("fashion-cnn"), run)
    assert result.figures == {"validation_accuracy": 0.25, "test_accuracy": 0.5}
    assert result.intervals.keys() == {"test_accuracy"}
    assert (result.backend, result.seed, result.seconds, result.changed) == ("jax", 42, 1.5, ())
