"""Training on a share of the training split."""

from __future__ import annotations

import json

import pytest

from kzoo.errors import UsageError
from kzoo.experiment import prepare
from kzoo.recipe import load_recipe

MODELS = {
    "tiny-cnn": ("images", "labels"),
    "nmt-bilinear": ("sources", "targets"),
    "caption-attention": ("names", "captions"),
    "asr-lstm": ("names", "texts"),
}
"""A model of each kind of data, and the names of the two arrays in its splits."""


@pytest.fixture
def split(own_images, own_pairs, own_captions, own_speech):
    """`split(model, fraction, seed)` returns the training examples and the sizes of the other splits."""
    places = dict(zip(MODELS, (own_images, own_pairs, own_captions, own_speech), strict=True))

    def load(model, fraction=1.0, seed=42):
        changes = {"data": {"name": str(places[model]), "fraction": fraction}, "training.seed": seed}
        if model == "tiny-cnn":
            changes["model.input_shape"] = [28, 28, 1]
        if model == "caption-attention":
            changes["model.encoder"] = "conv"
        data = prepare(load_recipe(model, changes), reference=load_recipe(model)).data
        first, second = (getattr(data.train, name) for name in MODELS[model])
        whole = {name: len(part) for name, part in data.splits.items() if name != "train"}
        return [(repr(a), repr(b)) for a, b in zip(first, second, strict=True)], whole

    return load


@pytest.mark.parametrize("model", MODELS)
def test_a_share_is_drawn_by_the_seed_in_the_order_of_the_file(split, model):
    whole, others = split(model)
    part, same_others = split(model, 0.5)
    assert len(part) == round(0.5 * len(whole))
    assert others == same_others
    assert part == [example for example in whole if example in part]
    assert split(model, 0.5)[0] == part
    assert split(model, 0.5, seed=7)[0] != part
    assert len(split(model, 1e-9)[0]) == 1


def test_figures_of_a_share_stand_beside_no_published_ones(kzoo, small_training, tmp_path):
    words = [*small_training, "--set", "data.fraction=0.5", "--epochs", "1"]
    done = kzoo(*words, "--out", tmp_path / "run", "--json")
    told = json.loads(done.stdout)
    assert told["data"]["sizes"] == {"train": 30, "validation": 20, "test": 20}
    assert told["comparison"]["published"] is None
    evaluated = kzoo("evaluate", tmp_path / "run", "--json")
    assert json.loads(evaluated.stdout)["accuracy"] == told["test_accuracy"]
    assert kzoo("train", "--resume", tmp_path / "run", "--epochs", "2").exit_code == 0


@pytest.mark.parametrize("fraction", [0, -0.1, 1.5])
def test_a_share_is_above_none_and_all_at_most(fraction):
    with pytest.raises(UsageError, match=r"data\.fraction"):
        load_recipe("cnn", {"data.fraction": fraction})
