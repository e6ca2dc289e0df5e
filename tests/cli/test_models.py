from __future__ import annotations

import dataclasses
import json

import pytest

from kzoo import registry
from kzoo.registry import card, list_models

ALL = list_models()


@pytest.fixture
def promise(monkeypatch):
    """`promise(name, parameters=1)` changes what a model's card promises."""

    def change(name: str, **values: object) -> None:
        entry = registry._entry(name)
        changed = dataclasses.replace(entry, card=dataclasses.replace(entry.card, **values))
        monkeypatch.setitem(registry._MODELS, name, changed)

    return change


def test_models_lists_the_zoo(kzoo):
    done = kzoo("models")
    assert done.exit_code == 0
    for name in ALL:
        assert name in done.stdout
        assert f"{card(name).parameters:,}" in done.stdout
    cards = json.loads(kzoo("models", "--json").stdout)
    assert [entry["name"] for entry in cards] == ALL
    assert [entry["name"] for entry in json.loads(kzoo("models", "oct*", "--json").stdout)] == list_models(
        "oct*"
    )


@pytest.mark.parametrize("name", ALL)
def test_summary_as_json_counts_what_the_card_promises(kzoo, name):
    told = json.loads(kzoo("summary", name, "--json").stdout)
    assert (told["model"], told["total"]) == (name, sum(layer["parameters"] for layer in told["layers"]))
    assert told["total"] >= card(name).parameters


def test_summary_as_json_has_the_layers_in_their_order(kzoo):
    layers = json.loads(kzoo("summary", "tiny-cnn", "--json").stdout)["layers"]
    assert [tuple(layer.values()) for layer in layers if layer["parameters"]] == [
        ("conv1", "Conv2D", [None, 24, 24, 8], 608),
        ("fc1", "Dense", [None, 10], 9690),
    ]
    layers = json.loads(kzoo("summary", "nmt", "--json").stdout)["layers"]
    (encoder,) = (layer for layer in layers if layer["name"] == "encoder")
    assert encoder["output_shape"] == [[None, None, 128], *4 * [[None, 64]]]


def test_params_agree_with_their_cards(kzoo):
    done = kzoo("params")
    assert done.exit_code == 0
    assert "DIFFERS" not in done.stdout
    counts = {row["name"]: row for row in json.loads(kzoo("params", "--json").stdout)}
    assert list(counts) == ALL
    for name, count in counts.items():
        assert (
            count["trainable"]
            == card(name).parameters
            == sum(layer["trainable"] for layer in count["layers"])
        )
        published = card(name).published
        verdict = (
            "derived" if published is None else "agrees" if published == count["trainable"] else "erratum"
        )
        assert count["verdict"] == verdict


def test_params_of_patterns_in_the_order_given_and_each_once(kzoo):
    done = kzoo("params", "mlp", "cnn-bn*", "cnn*", "--json")
    names = [row["name"] for row in json.loads(done.stdout)]
    assert names == ["mlp", *list_models("cnn-bn*"), "cnn"]


@pytest.mark.parametrize("name", ALL)
def test_every_formula_in_an_explanation_gives_its_count(kzoo, name):
    done = kzoo("params", name, "--explain")
    assert done.exit_code == 0
    for layer in json.loads(kzoo("params", name, "--json").stdout)[0]["layers"]:
        row = next(line for line in done.stdout.splitlines() if line.startswith(f" {layer['layer']} "))
        value = eval(layer["formula"].replace(",", "").replace("x", "*"))
        assert value == layer["trainable"]
        assert layer["formula"] in row
        assert f" {layer['trainable']:,} " in row
    assert f"{card(name).source} prints" in done.stdout


def test_the_explanation_of_an_erratum_is_computed(kzoo):
    shown = kzoo("params", "mlp", "--explain").stdout
    assert "R001 1.2 prints 24,540: erratum" in shown
    assert "fc1: the report has 23,530, the layer 235,300" in shown
    assert "add up to 24,540, as in the report" in shown


def test_a_model_that_is_not_what_its_card_promises_is_exit_code_1(kzoo, promise):
    promise("tiny-cnn", parameters=10_297)
    done = kzoo("params", "tiny-cnn", "mlp")
    assert done.exit_code == 1
    assert "DIFFERS" in done.stdout
    as_json = kzoo("params", "tiny-cnn", "--json")
    assert as_json.exit_code == 1
    assert json.loads(as_json.stdout)[0]["verdict"] == "DIFFERS"
    assert kzoo("params", "mlp").exit_code == 0


def test_an_explanation_that_does_not_add_up_is_exit_code_1(kzoo, promise):
    wrong = dataclasses.replace(card("mlp").printed_sum, terms_total=24_541)
    promise("mlp", printed_sum=wrong)
    done = kzoo("params", "mlp", "--explain")
    assert done.exit_code == 1
    assert "add up to 24,541, which is NOT the total in the report" in done.stdout


@pytest.mark.parametrize("name", ["cnn-bn", "tiny-cnn"])
def test_summary_is_keras_s_own(kzoo, name):
    done = kzoo("summary", name)
    assert done.exit_code == 0
    assert "conv1 (Conv2D)" in done.stdout
    assert f"Trainable params: {card(name).parameters:,} " in done.stdout
    assert card(name).note in done.stdout


@pytest.mark.parametrize("words", [["summary", "cnn-nb"], ["params", "cnn-nb"]])
def test_an_unknown_model_names_the_nearest(kzoo, words):
    done = kzoo(*words)
    assert done.exit_code == 2
    assert "no model is called 'cnn-nb'; did you mean 'cnn-bn'?" in done.stderr
    assert done.stdout == ""
