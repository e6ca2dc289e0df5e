from __future__ import annotations

import csv
import json
import math

import keras
import numpy as np
import pytest
from keras import ops

from kzoo.bench import attention, footprint
from kzoo.bench.case import AttentionCase
from kzoo.bench.methods import METHODS, SOFTMAX, create, random_inputs
from kzoo.errors import KzooError, UsageError
from kzoo.pictures.crossover import crossover


def row(method, length, seconds, dim=5, backward=False):
    return {"method": method, "length": length, "seconds": seconds, "dim": dim, "backward": backward}


def table(seconds):
    """Rows of {method: {length: seconds}}; a method left out is as slow as can be."""
    slow = dict.fromkeys(next(iter(seconds.values())), 1e9)
    return [row(m, length, time) for m in METHODS for length, time in seconds.get(m, slow).items()]


def crossing(linear, softmax):
    rows = table({SOFTMAX[0]: softmax, "linear K=3": linear})
    (found,) = (each for each in attention.crossovers(rows) if each["method"] == "linear K=3")
    return found


def test_a_crossing_is_interpolated_on_logarithmic_axes():
    # Softmax grows as L^2 and linear attention as L: L^2 / 1e6 = L / 1e4 at L = 100.
    lengths = (10, 40, 250, 1000)
    found = crossing({n: n / 1e4 for n in lengths}, {n: n**2 / 1e6 for n in lengths})
    assert found["length"] == pytest.approx(100)
    assert found["seconds"] == pytest.approx(100 / 1e4)
    assert found["faster_from"] == 250


def test_a_crossing_is_the_last_one_and_unknown_beyond_what_was_measured():
    softmax = {10: 2.0, 100: 1.0, 1000: 4.0}
    assert crossing({10: 1.0, 100: 2.0, 1000: 2.0}, softmax)["length"] == pytest.approx(math.sqrt(1e5))
    always = crossing({10: 1.0, 100: 0.5, 1000: 2.0}, softmax)
    assert (always["length"], always["faster_from"]) == (None, 10)
    never = crossing({10: 1.0, 100: 0.5, 1000: 5.0}, softmax)
    assert (never["length"], never["faster_from"]) == (None, None)


def test_lengths_where_softmax_does_not_fit_do_not_count():
    found = crossing({10: 2.0, 100: 2.0, 1000: 3.0}, {10: 1.0, 100: 4.0, 1000: None})
    assert found["length"] == pytest.approx(math.sqrt(1000))


@pytest.mark.parametrize("method", METHODS)
def test_methods_agree_where_the_keys_are_small(method):
    query, key, value = random_inputs(13, 5)
    key = key / 100
    scores = np.asarray(ops.matmul(query, ops.swapaxes(key, -1, -2))) / math.sqrt(5)
    weights = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    outputs = ops.convert_to_numpy(create(method)(query, key, value))
    tolerance = 0.1 if method == "linear K=1" else 1e-3
    np.testing.assert_allclose(outputs, weights @ ops.convert_to_numpy(value), atol=tolerance)


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("method", METHODS)
def test_a_case_computes_outputs_or_gradients(method, backward):
    case = AttentionCase(method=method, length=11, dim=3, backward=backward)
    outputs = case.compile()()
    shapes = [tuple(x.shape) for x in (outputs if backward else [outputs])]
    assert shapes == [(1, 11, 3)] * (3 if backward else 1)
    assert case.output_bytes == 4 * sum(map(math.prod, shapes))


@pytest.mark.skipif(not footprint.CLEAR.exists(), reason="the peak of a process is read from Linux's /proc")
def test_memory_is_that_of_the_scores_or_of_a_chunk():
    case = AttentionCase(method=SOFTMAX[1], length=3_000, dim=3, backward=False)
    assert case.score_bytes == 2 * 36e6
    assert 0.9 * 36e6 < footprint.extra_bytes(case) < 4 * 36e6
    assert footprint.extra_bytes(case.model_copy(update={"method": "linear K=3 merged"})) < 32e6


def test_a_process_that_is_stopped_says_why():
    case = AttentionCase(method="no such method", length=5, dim=3, backward=False)
    with pytest.raises(KzooError, match="no such method at L = 5, D = 3, forward stopped: KeyError"):
        footprint.measure(keras.backend.backend(), case)


def test_the_command_writes_its_result_and_marks_what_does_not_fit(kzoo, tmp_path, monkeypatch):
    monkeypatch.setattr(attention, "ROUNDS", (1, 1))
    monkeypatch.setattr(attention, "LAP", 0.0)
    sizes = ["--lengths", 8, "--lengths", 1024, "--dims", 3, "--memory-limit", 1]
    done = kzoo("bench", "attention", *sizes, "--out", tmp_path / "speed")
    assert done.exit_code == 0, done.stderr
    assert "does not fit" in done.stdout
    result = json.loads((tmp_path / "speed" / "result.json").read_text())
    assert result["environment"]["backend"] in done.stdout
    assert len(result["rows"]) == 2 * len(METHODS)
    for each in result["rows"]:
        assert each["fits"] == (each["seconds"] is not None)
        assert each["fits"] or (each["method"] in SOFTMAX and each["length"] == 1024)
    with (tmp_path / "speed" / "result.csv").open() as file:
        assert [each["method"] for each in csv.DictReader(file)] == [
            each["method"] for each in result["rows"]
        ]
    assert (tmp_path / "speed" / "crossover.png").read_bytes().startswith(b"\x89PNG")


def test_a_result_is_not_overwritten(kzoo, tmp_path):
    (tmp_path / "result.json").write_text("kept")
    done = kzoo("bench", "attention", "--lengths", 256, "--dims", 16, "--out", tmp_path)
    assert done.exit_code == 2
    assert f"{tmp_path} is there already: name another with --out, or empty it" in done.stderr
    assert (tmp_path / "result.json").read_text() == "kept"


def test_memory_needs_linux(monkeypatch, tmp_path):
    monkeypatch.setattr(footprint, "CLEAR", tmp_path / "nothing")
    with pytest.raises(UsageError, match="--memory"):
        footprint.check_supported()


def test_the_picture_marks_each_crossing():
    softmax = {10: 1.0, 100: 10.0}
    rows = table({SOFTMAX[0]: softmax, "linear K=2": {10: 2.0, 100: 2.0}, "linear K=3": {10: 3.0, 100: 3.0}})
    crossings = attention.crossovers(rows)
    (axes,) = crossover(rows, crossings).axes
    rings = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "o"]
    assert rings == pytest.approx([20, 30])
    assert {line.get_label() for line in axes.lines} >= set(METHODS)
