from __future__ import annotations

import importlib
import json

import pytest
from marks import once_but

from kzoo.bench import machine
from kzoo.symbols import EOS

RUNS = {
    "trained_pair_run": ("pairs", "nmt-bilinear"),
    "region_run": ("captions", "caption-attention"),
    "trained_caption_run": ("captions", "caption-attention"),
    "trained_speech_run": ("speech", "asr-attention"),
}
"""The kind of reference and the model of each fixture; the second captioner has its encoder in it."""


def test_all_ways_of_decoding_race(kzoo, trained_pair_run):
    pytest.importorskip("torch")
    words = ["--batched", 3, "--single", 2, "--rounds", 2, "--beam", 2, "--wait", 0, "--json"]
    done = kzoo("bench", "decode", trained_pair_run, *words)
    assert done.exit_code == 0, done.stderr
    (figures,) = json.loads(done.stdout)
    assert figures["counts"] == {"greedy": 3, "beam": 3, "batches": 3, "singly": 2}
    assert (figures["model"], figures["recipe"], figures["beam"]) == ("nmt-bilinear", "nmt-bilinear", 2)
    assert "model.units" in figures["changed"]
    ours, students = figures["kzoo"]["sentences_per_second"], figures["students"]
    assert len(students) == 2
    for way, found in figures["compared"].items():
        speeds = [side["sentences_per_second"][way] for side in students]
        assert found["sentences_per_second"] == max(speeds)
        assert found["ratio"] == pytest.approx(ours["greedy"] / max(speeds))
        assert len(found["ratios"]) == 2
        assert min(found["ratios"]) <= found["ratio"] * 1.01
    assert "round 2/2: kzoo greedy" in done.stderr


@pytest.mark.usefixtures("one_thread")
@pytest.mark.once
@pytest.mark.parametrize("fixture", list(RUNS)[1:])
def test_every_family_races(kzoo, request, fixture):
    pytest.importorskip("torch")
    run = request.getfixturevalue(fixture)
    words = ["--batched", 3, "--single", 2, "--rounds", 1, "--beam", 2, "--wait", 0, "--json"]
    done = kzoo("bench", "decode", run, *words)
    assert done.exit_code == 0, done.stderr
    (figures,) = json.loads(done.stdout)
    assert figures["model"] == RUNS[fixture][1]
    assert set(figures["compared"]) == {"batches", "singly"}


def test_a_run_of_images_has_nothing_to_decode(kzoo, trained_run):
    pytest.importorskip("torch")
    done = kzoo("bench", "decode", trained_run)
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert f"kzoo bench decode is for sequence models; {trained_run} is a run of" in done.stderr


@pytest.mark.parametrize("fixture", once_but(["trained_pair_run"], RUNS))
def test_the_reference_writes_what_the_run_writes(request, tmp_path, fixture):
    """So both race over sequences of the same lengths."""
    torch = pytest.importorskip("torch")

    from kzoo.bench.handover import read_split, write_split
    from kzoo.decoding.decoder import compile_decoding
    from kzoo.decoding.options import Decoding
    from kzoo.registry import check_options
    from kzoo.tasks.opening import open_experiment
    from kzoo.training.initial import weights_by_path
    from kzoo.training.run import open_run

    reference = importlib.import_module(f"kzoo.pytorch.{RUNS[fixture][0]}")
    run = open_run(request.getfixturevalue(fixture))
    experiment, model = open_experiment(run), run.load_tested_model()
    chosen = experiment.recipe.model
    options = check_options(chosen.name, chosen.options)
    del options["convention"]
    module = reference.MODELS[chosen.name](**options).eval()
    reference.load_weights(module, weights_by_path(model, chosen))
    write_split(experiment, tmp_path, "test")
    X, *_ = reference.tensors(*read_split(tmp_path, "test"))
    with torch.no_grad():
        batched, singly = reference.decode_in_batches(module, X), reference.decode_singly(module, X)
    decode = compile_decoding([model], experiment.ADAPTER, Decoding(), experiment.limits)
    ours = decode(experiment.sources("test")).tokens[:, 0]
    assert batched == singly
    assert [row[(row != 0) & (row != EOS)].tolist() for row in ours] == batched


@pytest.mark.parametrize(("busy", "caution"), [(0.1, False), (1.7, True)])
def test_the_table_has_every_way_and_a_caution(kzoo, trained_pair_run, monkeypatch, busy, caution):
    pytest.importorskip("torch")
    from kzoo.bench import decoding_race

    ours = {"import_seconds": 1.0, "framework": "jax", "device": "abacus"}
    sides = [
        ours | {"timings": {"greedy": [2.0, 0.1, 0.2, 0.1], "beam": [3.0, 0.5, 0.5, 0.5]}},
        ours | {"threads": 1, "timings": {"batches": [0.5, 0.3, 0.3, 0.3], "singly": [0.5, 1.0, 1.0, 1.0]}},
        ours | {"threads": 2, "timings": {"batches": [0.5, 0.2, 0.2, 0.2], "singly": [0.6, 2.0, 2.0, 2.0]}},
    ]
    data = {"name": "phrases", "stand_in": True}
    prepared = {"data": data, "recipe": "nmt", "model": "nmt", "changed": [], "count": 1000}
    monkeypatch.setattr(decoding_race, "_race", lambda task, report: (sides[0], sides[1:], prepared))
    monkeypatch.setattr(machine, "_measure", lambda: busy)
    monkeypatch.setattr(machine, "read", lambda: None)
    done = kzoo("bench", "decode", trained_pair_run, "--beam", 6, "--wait", 0)
    assert done.exit_code == 0, done.stderr
    assert "nmt on the test sources of phrases (stand-in), abacus" in done.stdout
    text = " ".join(done.stdout.split())
    assert "kzoo, jax: beam 6 1,000 2,000 3.0" in text
    assert "plain PyTorch, 2 threads: one by one 100 50 0.6" in text
    assert "greedy is 2.0 (1.0 to 2.0 by round) times as fast as plain PyTorch, 2 threads, in batches" in text
    assert "is 100.0 (50.0 to 100.0 by round) times as fast as plain PyTorch, 1 thread, one by one" in text
    assert ("do not quote these ratios" in done.stdout) == caution
