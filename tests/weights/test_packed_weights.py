"""Packed weights predict as their run, and weights that come with kzoo have the figures of their cards."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kzoo import load, shipped
from kzoo.data.card import SetCard
from kzoo.data.catalog import PUBLISHED_SETS
from kzoo.training.run import RunFolder
from kzoo.weights import pack as packing
from kzoo.weights.card import load_card
from kzoo.weights.check import check

RUNS = {
    "images": ("_trained", lambda test: test.images[0]),
    "pairs": ("_trained_pairs", lambda test: "".join(test.sources[0])),
    "captions": ("whole_caption_run", lambda test: str(test.images[0])),
    "speech": ("whole_speech_run", lambda test: str(test.clips[0])),
}
"""The run of each family, which no test may change, and an input from its test split."""


@pytest.mark.parametrize("family", RUNS)
def test_a_packed_run_predicts_as_the_run(family, request, tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    fixture, first = RUNS[family]
    run = RunFolder(request.getfixturevalue(fixture))
    name = run.recipe().data.name
    published = SetCard(name=name, title="", sizes={}, licence="free", homepage="https://here", note="")
    monkeypatch.setitem(PUBLISHED_SETS, name, published)
    measured = iter([{"test_loss": 0.1}, {"test_loss": 0.2}])  # float16 changes a figure
    monkeypatch.setattr(packing, "measure", lambda packed, data_dir: next(measured))
    card, changed = packing.pack(run, "small")
    assert (card.precision, changed) == ("float32", ["test_loss is 0.2000, not 0.1000"])
    whole, packed = load(run.path), load("small")
    source = first(whole.open_experiment().data.test)
    assert packed.predict(source).answers == whole.predict(source).answers
    assert packed.tested == whole.tested


@pytest.mark.skipif("KZOO_DATA" not in os.environ, reason="needs the published data sets")
def test_the_smallest_shipped_weights_have_the_figures_of_their_card():
    cards = [load_card(name) for name in shipped.list_weights()]
    found = [card for card in cards if (Path(os.environ["KZOO_DATA"]) / card.data).is_dir()]
    if not found:
        pytest.skip("no weights come with kzoo for the data that are there")
    smallest = min(found, key=lambda card: card.parameters)
    checked = check(smallest.name)
    assert checked.measured.keys() == smallest.figures.keys()
    assert checked.differences == ()
