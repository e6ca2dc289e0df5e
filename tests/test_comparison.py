"""The rule for which metrics are compared with published figures, which every command follows."""

from __future__ import annotations

import json

import pytest

from kzoo.comparison import compare, difference
from kzoo.data.catalog import PUBLISHED_SETS
from kzoo.recipe import load_recipe

FASHION, OCT, SCENES = (load_recipe(name) for name in ("fashion-cnn", "oct-cnn", "cnn"))


def data(name: str, stand_in: bool = False, **sizes: int) -> dict:
    card = PUBLISHED_SETS.get(name)
    return {"name": name, "stand_in": stand_in, "sizes": {**(card.sizes if card else {}), **sizes}}


@pytest.mark.parametrize(
    ("trained_on", "changed", "published", "reason"),
    [
        (data("fashion-mnist"), (), FASHION, ""),
        (data("glyphs", True), (), FASHION, "trained on the stand-in glyphs, not on fashion-mnist"),
        (
            data("trees.npz"),
            ("model.num_classes",),
            FASHION,
            "trained on trees.npz, not on fashion-mnist",
        ),
        (data("mnist"), ("data.name",), FASHION, "trained on mnist, not on fashion-mnist"),
        (
            data("fashion-mnist"),
            ("training.learning_rate", "model.dropout"),
            FASHION,
            "the recipe was changed: training.learning_rate, model.dropout",
        ),
        (data("intel-scenes", train=9, validation=8, test=7), (), SCENES, "R003 had 12,630 / 1,404 / 3,000"),
        (data("octmnist", test=529), (), OCT, ""),
        (
            data("octmnist"),
            (),
            OCT,
            "R003 had 97,477 / 10,832 / 529 examples, here are 97,477 / 10,832 / 1,000",
        ),
    ],
)
def test_the_first_difference_is_told(trained_on, changed, published, reason):
    told = difference(trained_on, changed, published, "R003")
    assert told.startswith(reason)
    assert bool(told) == bool(reason)


def test_a_source_may_have_had_other_sizes_than_the_card():
    smaller = data("fashion-mnist", test=500)
    assert difference(smaller, (), FASHION, "R001")
    assert difference(smaller, (), FASHION, "R001", {"test": 500}) == ""


def test_a_recipe_for_one_s_own_set_may_have_published_figures():
    own = load_recipe("fashion-cnn", {"data.name": "./mine/trees.npz"})
    assert difference(data("trees.npz"), (), own, "A. Author") == ""
    assert difference(data("other.npz"), (), own, "A. Author") == "trained on other.npz, not on trees.npz"


def test_keys_that_were_fitted_to_the_data_are_no_change():
    fitted = load_recipe("nmt", {"model.source_vocabulary": 33, "training.epochs": 50})
    reference = load_recipe("nmt")
    assert (
        compare(fitted, reference, data("spa-eng"))["reason"]
        == "the recipe was changed: model.source_vocabulary"
    )
    told = compare(fitted, reference, data("spa-eng"), ["model.source_vocabulary"])
    assert told["published"] == reference.published.figures
    assert told["source"] == reference.published.source


def test_a_captioner_with_another_encoder_is_compared_with_nothing():
    other = load_recipe("caption", {"model.encoder": "efficientnet-lite0", "model.features": 112})
    told = compare(other, load_recipe("caption"), data("sydney-captions"), ["model.features"])
    assert told == {"published": None, "reason": "the recipe was changed: model.encoder"}


def test_a_recipe_without_published_figures_has_none():
    best = load_recipe("nmt-best")
    assert compare(best, best, data("spa-eng"))["reason"] == "nothing is published for this recipe"


@pytest.mark.parametrize("change", [[], ["--lr", "0.1"]])
def test_a_dry_run_shows_only_figures_that_compare(kzoo, monkeypatch, tmp_path, change):
    monkeypatch.setenv("KZOO_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    done = kzoo("train", "fashion-cnn", *change, "--dry-run", "--json")  # on a stand-in
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["recipe"]["published"] is None
