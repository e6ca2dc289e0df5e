from __future__ import annotations

import json
import os
import time

import numpy as np
import pytest

from kzoo.bench import scale
from kzoo.bench.footprint import STATUS, status
from kzoo.data import large_arrays
from kzoo.recipe import load_recipe

SMALL = ["--set", "model.units=4"]


def test_an_epoch_on_each_number_of_pairs(kzoo):
    words = ["bench", "scale", "nmt-bilinear", *SMALL, "--count", "70", "--count", "150", "--wait", "0"]
    done = kzoo(*words, "--backend", os.environ["KERAS_BACKEND"], "--json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["backend"] == os.environ["KERAS_BACKEND"]
    assert [row["examples"] for row in found["rows"]] == [70, 150]
    for row in found["rows"]:
        assert 0 < row["seconds"] < 600
        assert row["memory"] is None or 10**7 < row["memory"] < 10**11


def test_generated_data_are_what_the_model_is_trained_on(monkeypatch):
    monkeypatch.setattr(large_arrays, "RESIDENT_BYTES", 40 * 28 * 28)
    images = scale.GENERATED["images"](load_recipe("kmnist-cnn"), 41)
    assert images.sizes == {"train": 41, "validation": 10, "test": 10}
    assert images.image_shape == (28, 28, 1)
    assert isinstance(images.train.images, np.memmap)
    assert len(np.unique(images.train.images)) == 256
    pairs = scale.GENERATED["pairs"](load_recipe("p2g-bahdanau"), 300)
    assert pairs.sizes == {"train": 300, "validation": 10, "test": 10}
    assert {len(word) for word in pairs.train.sources} == set(range(3, 13))
    assert pairs.train.sources != pairs.train.targets


@pytest.mark.skipif(not STATUS.exists(), reason="only Linux reports the memory of a process")
def test_the_peak_of_the_memory_in_use():
    before = status("RssAnon")
    with scale.sampled_memory() as peak:
        grown = np.ones(200_000_000, np.uint8)
        time.sleep(3 * scale.SAMPLED_EVERY)
        del grown
    assert peak() > before + 150_000_000


@pytest.mark.parametrize("name", ["caption", "asr-lstm"])
def test_other_data_are_not_generated(kzoo, name):
    done = kzoo("bench", "scale", name, "--wait", "0")
    assert done.exit_code == 2
    assert "generates images and pairs" in done.stderr
    assert done.stderr.count("\n") == 1
