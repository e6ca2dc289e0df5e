from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from kzoo import runtime

pytestmark = pytest.mark.once


@pytest.fixture
def one_backend(monkeypatch):
    """PyTorch alone is installed."""
    pytest.importorskip("torch")
    monkeypatch.setattr(runtime, "installed_backends", lambda: ["torch"])


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "grey.png"
    Image.fromarray(np.zeros((28, 28), np.uint8)).save(path)
    return path


@pytest.mark.usefixtures("one_backend")
def test_help_and_predictions_are_timed_beside_their_imports(kzoo, trained_run, picture):
    done = kzoo("bench", "start", trained_run, picture, "--rounds", 2, "--wait", 0, "--json")
    assert done.exit_code == 0, done.stderr
    result = json.loads(done.stdout)
    assert list(result["seconds"]) == ["help", "imports", "predict torch", "keras torch"]
    assert all(len(each) == 2 and min(each) > 0 for each in result["seconds"].values())
    for name, seconds in result["seconds"].items():
        assert result["medians"][name] == pytest.approx(np.mean(seconds))  # the median of two
    assert result["machine"]


@pytest.mark.usefixtures("one_backend")
def test_an_input_that_cannot_be_read_is_named(kzoo, trained_run, tmp_path):
    done = kzoo("bench", "start", trained_run, tmp_path / "gone.png", "--wait", 0)
    assert done.exit_code == 1
    assert "gone.png" in done.stderr
