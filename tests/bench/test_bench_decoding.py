from __future__ import annotations

import importlib
import json

import pytest

from kzoo.bench import training
from kzoo.data.vocabulary import EOS

RUNS = {
    "trained_pair_run": ("pairs", "nmt-bilinear"),
    "region_run": ("captions", "caption-attention"),
    "trained_speech_run": ("speech", "asr-attention"),
}
"""The kind of reference and the model of each fixture."""


@pytest.mark.parametrize("fixture", RUNS)
def test_four_ways_of_decoding_race(kzoo, request, fixture):
    pytest.importorskip("torch")
    run = request.getfixturevalue(fixture)
    words = ["bench", "decode", run, "--batched", 3, "--single", 2, "--rounds", 2, "--json"]
    done = kzoo(*words, "--beam", 2)
    assert done.exit_code == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["counts"] == {"greedy": 3, "beam": 3, "batches": 3, "singly": 2}
    assert (figures["model"], figures["beam"]) == (RUNS[fixture][1], 2)
    assert min(figures["sentences_per_second"].values()) > 0
    assert {way: len(ratios) for way, ratios in figures["ratios"].items()} == {"batches": 2, "singly": 2}
    assert "round 2/2" in done.stderr


@pytest.mark.parametrize("fixture", RUNS)
def test_the_reference_writes_what_the_run_writes(request, tmp_path, fixture):
    """So both race over sequences of the same lengths."""
    torch = pytest.importorskip("torch")

    from kzoo.bench.handover import read_split, write_split
    from kzoo.bench.zoo import weights_by_path
    from kzoo.experiment import open_experiment
    from kzoo.registry import check_options
    from kzoo.tasks.decoder import compile_decoding
    from kzoo.tasks.decoding import Decoding
    from kzoo.training.run import open_run

    reference = importlib.import_module(f"reference.{RUNS[fixture][0]}")
    run = open_run(request.getfixturevalue(fixture))
    experiment, model = open_experiment(run), run.load_tested_model()
    chosen = experiment.recipe.model
    options = check_options(chosen.name, chosen.options)
    del options["convention"]
    module = reference.MODELS[chosen.name](**options).eval()
    reference.load(module, weights_by_path(model, chosen))
    write_split(experiment, tmp_path, "test")
    X, *_ = reference.tensors(*read_split(tmp_path, "test"))
    with torch.no_grad():
        batched, singly = reference.decode_in_batches(module, X), reference.decode_singly(module, X)
    decode = compile_decoding([model], experiment.WRITER, Decoding(), experiment.limits)
    ours = decode(experiment.sources("test")).tokens[:, 0]
    assert batched == singly
    assert [row[(row != 0) & (row != EOS)].tolist() for row in ours] == batched


@pytest.mark.parametrize(("load", "caution"), [(0.1, False), (1.7, True)])
def test_the_table_has_every_way_and_a_caution(kzoo, trained_pair_run, monkeypatch, load, caution):
    pytest.importorskip("torch")
    from kzoo.bench import decoding

    side = {"framework": "jax", "device": "abacus"}
    monkeypatch.setattr(
        decoding,
        "race_decoding",
        lambda task, report: {
            "load_before": load,
            "busy": load > training.BUSY,
            "data": {"name": "phrases", "stand_in": True},
            "model": "nmt",
            "beam": task.beam,
            "counts": {"greedy": 1000, "beam": 1000, "batches": 1000, "singly": 100},
            "kzoo": side,
            "reference": side,
            "first_seconds": {"greedy": 2.0, "beam": 3.0, "batches": 0.5, "singly": 0.5},
            "sentences_per_second": {"greedy": 9000.0, "beam": 1500.0, "batches": 4500.0, "singly": 90.0},
            "ratios": {"batches": [1.9, 2.0, 2.2], "singly": [95.0, 100.0, 130.0]},
        },
    )
    done = kzoo("bench", "decode", trained_pair_run, "--beam", 6)
    assert done.exit_code == 0, done.stderr
    assert "nmt on the test sources of phrases (stand-in), abacus" in done.stdout
    text = " ".join(done.stdout.split())
    assert "kzoo, jax: beam 6 1,000 1,500" in text
    assert "one by one 100 90 0.5 100.0 (95.0 to 130.0)" in text
    assert ("quote no ratio" in done.stdout) == caution
