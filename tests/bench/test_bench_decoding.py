from __future__ import annotations

import json

import pytest

from kzoo.bench import training


def test_four_ways_of_decoding_race(kzoo, trained_pair_run):
    pytest.importorskip("torch")
    words = ["bench", "decode", trained_pair_run, "--batched", 7, "--single", 3, "--rounds", 2, "--json"]
    done = kzoo(*words, "--beam", 2)
    assert done.exit_code == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["counts"] == {"greedy": 7, "beam": 7, "batches": 7, "singly": 3}
    assert (figures["model"], figures["beam"]) == ("nmt-bilinear", 2)
    assert min(figures["sentences_per_second"].values()) > 0
    assert {way: len(ratios) for way, ratios in figures["ratios"].items()} == {"batches": 2, "singly": 2}
    assert "round 2/2" in done.stderr


def test_the_reference_writes_what_the_run_writes(trained_pair_run, tmp_path):
    """So both race over sequences of the same lengths."""
    torch = pytest.importorskip("torch")
    from reference import pairs

    from kzoo.bench.zoo import weights_by_path
    from kzoo.experiment import open_experiment
    from kzoo.registry import check_options
    from kzoo.tasks.translator import Decoding, compile_translation
    from kzoo.training.run import open_run

    run = open_run(trained_pair_run)
    experiment, model = open_experiment(run), run.load_tested_model()
    chosen, split = experiment.recipe.model, experiment.data.test
    options = check_options(chosen.name, chosen.options)
    del options["convention"]
    module = pairs.MODELS[chosen.name](**options).eval()
    pairs.load(module, weights_by_path(model, chosen))
    sources = experiment.encode_sources(split.sources)
    X, _ = pairs.tensors(sources, sources)
    with torch.no_grad():
        batched, singly = (decode(module, X) for decode in (pairs.decode_in_batches, pairs.decode_singly))
    ours = compile_translation([model], Decoding())(sources).tokens[:, 0]
    assert batched == singly
    assert [row[(row != 0) & (row != pairs.EOS)].tolist() for row in ours] == batched


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
