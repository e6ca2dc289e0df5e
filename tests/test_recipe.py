from __future__ import annotations

import itertools
import json
import os
from importlib import resources

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kzoo.errors import UsageError
from kzoo.recipe import Recipe, changed_keys, list_recipes, load_recipe, parse_setting
from kzoo.registry import list_models

KEYS = [
    f"{section}.{key}"
    for section in ("data", "training", "runtime")
    for key, field in Recipe.model_fields[section].annotation.model_fields.items()
    if field.annotation is not bool
]
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")


@pytest.fixture
def write(tmp_path):
    """`write(text)` writes a recipe file and returns its path."""

    def write_text(text: str) -> str:
        path = tmp_path / "mine.yaml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write_text


def shipped_text(name: str) -> str:
    return (resources.files("kzoo.configs") / f"{name}.yaml").read_text(encoding="utf-8")


def test_every_model_has_a_recipe_of_its_name():
    assert {load_recipe(name).model.name for name in list_recipes()} == set(list_models())
    assert set(list_models()) <= set(list_recipes())


@pytest.mark.parametrize("name", list_recipes())
def test_shipped_recipes_say_what_they_are(name):
    recipe, text = load_recipe(name), shipped_text(name)
    assert recipe.name == name
    header = list(itertools.takewhile(lambda line: line.startswith("#"), text.splitlines()))
    assert f"# kzoo train {name}" in header
    assert any(f"R00{number}" in line for line in header for number in range(5))
    if recipe.published is not None:
        assert recipe.published.source in " ".join(header)


@pytest.mark.parametrize("name", list_recipes())
def test_a_recipe_file_gives_what_its_name_gives(name, write):
    assert load_recipe(write(shipped_text(name))) == load_recipe(name)


@given(
    learning_rate=st.floats(min_value=0, exclude_min=True, allow_nan=False, allow_infinity=False),
    epochs=st.integers(1, 10**6),
    seed=st.integers(0, 2**32 - 1),
    precision=st.sampled_from(PRECISIONS),
    data=st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), min_size=1),
)
def test_what_is_written_is_read_back(tmp_path_factory, learning_rate, epochs, seed, precision, data):
    recipe = load_recipe(
        "cnn-bn",
        {
            "training.learning_rate": learning_rate,
            "training.epochs": epochs,
            "training.seed": seed,
            "runtime.precision": precision,
            "data.name": data,
            "model.input_shape": [48, 48, 1],
        },
    )
    path = tmp_path_factory.getbasetemp() / "round-trip.yaml"
    path.write_text(recipe.to_yaml(), encoding="utf-8")
    again = load_recipe(str(path))
    assert again.model_dump() == recipe.model_dump()
    assert again.model.options == recipe.model.options
    assert changed_keys(again, recipe) == []


def test_another_set_has_none_of_the_options_of_the_recipe_s_own():
    assert load_recipe("asr-lstm", {"data.fraction": 0.5}).data.mel_rate == 16000
    assert load_recipe("asr-lstm", {"data.name": "lj-speech"}).data.mel_rate == 16000
    other = load_recipe("asr-lstm", {"data.fraction": 0.5, "data.name": "an4"}).data
    assert (other.name, other.mel_rate, other.fraction) == ("an4", None, 0.5)


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("trainig", "training"),
        ("training.epoch", "training.epochs"),
        ("training.learnin_rate", "training.learning_rate"),
        ("training.label_smoothin", "training.label_smoothing"),
        ("data.nam", "data.name"),
        ("data.sources_tokens", "data.source_tokens"),
        ("runtime.precison", "runtime.precision"),
        ("published.sources", "published.source"),
        ("training.lr", "training.learning_rate"),
        ("lr", "training.learning_rate"),
        ("epochs", "training.epochs"),
    ],
)
def test_an_unknown_key_names_the_nearest(key, nearest):
    with pytest.raises(UsageError) as caught:
        load_recipe("cnn-bn", {key: 1})
    assert f"has no key {key!r}; did you mean {nearest!r}?" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_figure_or_key_far_from_all_lists_what_there_is():
    with pytest.raises(UsageError, match="known: augmentation, "):
        load_recipe("cnn-bn", {"zzz": 1})
    with pytest.raises(UsageError, match=r"known: runtime\.backend, runtime\.precision$"):
        load_recipe("cnn-bn", {"runtime.zzz": 1})
    with pytest.raises(UsageError, match=r"published\.figures\.speed"):
        load_recipe("cnn-bn", {"published.figures.speed": 1})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("training.epochs", 0),
        ("training.epochs", 1.5),
        ("training.epochs", "many"),
        ("training.batch_size", -8),
        ("training.learning_rate", 0),
        ("training.learning_rate", float("nan")),
        ("training.learning_rate", float("inf")),
        *((key, True) for key in KEYS),
        *((key, float("inf")) for key in KEYS),
        ("published.figures", {"test_accuracy": True}),
        ("published.figures", {"test_loss": float("inf")}),
        ("data.image_size", 5_000),
        ("name", "../../outside"),
        ("name", ".."),
        ("name", ""),
        ("name", "two  spaces"),
        ("name", "x" * 5_000),
        ("training.seed", -1),
        ("training.seed", 2**32),
        ("training.optimizer", "lion"),
        ("training.momentum", 1),
        ("training.nesterov", "perhaps"),
        ("training.warmup", 1),
        ("training.warmup", -0.1),
        ("training.decay_biases", "perhaps"),
        ("training.clip_value", 0),
        ("training.clip_norm", 0),
        ("training.accumulation", 0),
        ("training.accumulation", 1.5),
        ("training.patience", 0),
        ("training.class_weights", "uneven"),
        ("training.schedule", "exponential"),
        ("training.weight_decay", -0.1),
        ("training.weight_decay", 1),
        ("training.weight_decay", float("nan")),
        ("training.label_smoothing", -0.1),
        ("training.label_smoothing", 1),
        ("training.averaging", 0),
        ("training.averaging", 1),
        ("training.batch_by_length", "perhaps"),
        ("augmentation.tokens", -0.1),
        ("augmentation.tokens", 1),
        ("augmentation.shift", -1),
        ("augmentation.shift", 0.5),
        ("augmentation.rotation", 181),
        ("augmentation.crop", 0),
        ("augmentation.colour", 1.1),
        ("augmentation.mixup", -1),
        ("augmentation.time_mask_width", 0),
        ("augmentation", {"mixup": 0.2, "cutmix": 1}),
        ("training.tested_epoch", "first"),
        ("runtime.backend", "theano"),
        ("runtime.precision", "float8"),
        ("data.test_cut", "perhaps"),
        ("data.max_length", 0),
        ("data.max_length", 4.5),
        ("data.source_tokens", "words"),
        ("data.target_tokens", "words"),
        ("data.stress", "perhaps"),
        ("model.name", None),
        ("training", 3),
    ],
)
def test_a_bad_value_is_one_line_that_names_the_key(key, value):
    with pytest.raises(UsageError) as caught:
        load_recipe("cnn-bn", {key: value})
    assert f"recipe 'cnn-bn', {key}" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


def test_the_key_of_an_earlier_version_is_read():
    before = {"training.augmentation": 0.1}
    assert load_recipe("nmt", before) == load_recipe("nmt", {"augmentation.tokens": 0.1})
    assert load_recipe("nmt", before | {"augmentation.tokens": 0.2}).augmentation.tokens == 0.2


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"optimizer": "adam", "momentum": 0.9}, "adam has a momentum of its own: leave out momentum"),
        ({"optimizer": "sgd", "nesterov": True}, "nesterov is for sgd with momentum: set momentum"),
        (
            {"optimizer": "rmsprop", "momentum": 0.9, "nesterov": True},
            "nesterov is for sgd with momentum: set momentum",
        ),
        ({"schedule": "one_cycle", "warmup": 0.1}, "one_cycle has a warm-up of its own: leave out warmup"),
        ({"clip_value": 1, "clip_norm": 1}, "clip_value and clip_norm exclude each other: leave one out"),
        (
            {"patience": 3, "tested_epoch": "last"},
            "patience is for the best epoch: set tested_epoch to best",
        ),
    ],
)
def test_keys_that_contradict_each_other_are_one_line(settings, said):
    with pytest.raises(UsageError) as caught:
        load_recipe("cnn-bn", {f"training.{key}": value for key, value in settings.items()})
    assert str(caught.value) == f"recipe 'cnn-bn', training: {said}"


def test_a_training_that_may_stop_early_tests_the_best_epoch():
    assert load_recipe("cnn-bn").training.tested_epoch == "last"
    assert load_recipe("cnn-bn", {"training.patience": 3}).training.tested_epoch == "best"


def test_a_row_of_a_table_is_a_recipe_by_both_names():
    assert load_recipe("cnn", {"name": "R001-2.2 lr0.1-dropout0.5"}).name == "R001-2.2 lr0.1-dropout0.5"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: a\nmodel:\n  name: b\nname: c\n", "line 4: the key 'name' is there twice"),
        ("model:\n  name: b\n  units: 1\n  units: 1\n", "line 4: the key 'units' is there twice"),
        (f"training:\n  epochs: {'9' * 5_000}\n", "line 2: a value is out of range"),
        (f"training:\n  epochs: 0x{'9' * 5_000}\n", "line 2: a value is out of range"),
        (f"training:\n  epochs: {2**63}\n", "line 2: a value is out of range"),
        ("name: 2024-13-45\n", "line 1: a value is out of range"),
        ("model:\n  dropout: .inf\n", "line 2: a number is not finite"),
        ("model:\n  sizes: [1, .nan]\n", "line 2: a number is not finite"),
        ("model: " + "[" * 3_000, "nested too deeply"),
    ],
)
def test_what_yaml_alone_would_take_is_refused(write, text, said):
    with pytest.raises(UsageError, match=r"mine\.yaml'") as caught:
        load_recipe(write(text))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_key_that_is_merged_in_may_be_given_again(write):
    text = shipped_text("cnn").replace("training:", "training: &a", 1)
    merged = text.replace("training: &a", "training:\n  <<: {epochs: 3, batch_size: 5}", 1)
    assert load_recipe(write(merged)).training.epochs == load_recipe("cnn").training.epochs


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_is_no_recipe(tmp_path):
    os.mkfifo(tmp_path / "mine.yaml")
    with pytest.raises(UsageError, match=r"mine\.yaml' is a pipe or a device; expected a file"):
        load_recipe(str(tmp_path / "mine.yaml"))


def test_a_key_below_a_leaf_is_refused():
    with pytest.raises(UsageError, match="'epochs' is not a section"):
        load_recipe("cnn-bn", {"training.epochs.first": 1})


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "- a\n- list\n", "just words", "name: [unclosed", "a: b: c"]
)
def test_a_file_that_is_no_recipe(write, text):
    with pytest.raises(UsageError, match=r"mine\.yaml' (has no sections|cannot be read)") as caught:
        load_recipe(write(text))
    assert "\n" not in str(caught.value)


def test_a_recipe_without_a_section(write):
    document = yaml.safe_load(shipped_text("cnn-bn"))
    del document["training"]
    with pytest.raises(UsageError, match="training: Field required"):
        load_recipe(write(yaml.safe_dump(document)))


def test_a_file_that_is_not_text(tmp_path):
    path = tmp_path / "binary.yaml"
    path.write_bytes(b"\xff\xfe\x00name")
    with pytest.raises(UsageError, match=r"binary\.yaml' cannot be read"):
        load_recipe(str(path))


def test_an_unknown_recipe_names_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'cnn-bn'"):
        load_recipe("cnn-nb")
    with pytest.raises(UsageError, match="no recipe file"):
        load_recipe("missing.yaml")


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("training.learning_rate=1e-3", "training.learning_rate", 0.001),
        ("training.learning_rate=.5", "training.learning_rate", 0.5),
        ("training.epochs=12", "training.epochs", 12),
        ("data.test_cut=true", "data.test_cut", True),
        ("model.input_shape=[28, 28, 1]", "model.input_shape", [28, 28, 1]),
        ("data.name=./a=b.npz", "data.name", "./a=b.npz"),
        (" model.dropout = 0.3", "model.dropout", 0.3),
        ("runtime.backend=", "runtime.backend", None),
        ("data.name=inf", "data.name", "inf"),
    ],
)
def test_settings(text, key, value):
    parsed = parse_setting(text)
    assert parsed == (key, value)
    assert type(parsed[1]) is type(value)


@pytest.mark.parametrize(
    "text",
    ["", "training.epochs", "=3", "  =3", "a=[1", "a={", "a=.inf", f"a={'9' * 5_000}", "a=" + "[" * 3_000],
)
def test_a_setting_that_is_none(text):
    with pytest.raises(UsageError, match="--set"):
        parse_setting(text)


def test_lists_in_a_recipe_are_tuples_for_the_builder():
    assert load_recipe("cnn", {"model.input_shape": [48, 48, 1]}).model.options["input_shape"] == (48, 48, 1)


def test_changed_keys_are_those_that_bear_on_the_result():
    reference = load_recipe("cnn-bn")
    assert changed_keys(reference, reference) == []
    same = {"training.seed": 7, "runtime.backend": "jax", "name": "mine"}
    assert changed_keys(load_recipe("cnn-bn", same), reference) == []
    other = {
        "training.epochs": 7,
        "model.dropout": 0.5,
        "model.num_classes": 6,
        "runtime.precision": "mixed_bfloat16",
    }
    assert changed_keys(load_recipe("cnn-bn", other), reference) == sorted(other)
    assert changed_keys(reference, load_recipe("cnn-bn", other)) == sorted(other)


def test_a_recipe_cannot_be_changed_in_place():
    with pytest.raises(ValueError, match="frozen"):
        load_recipe("cnn").training.epochs = 3


def test_flags_come_before_settings_before_the_recipe_before_defaults(kzoo, own_images, tmp_path, write):
    """The order on the command line does not matter."""
    text = shipped_text("oct-cnn").replace("seed: 42", "seed: 5")
    assert "drop_last" not in text
    recipe = write(text)
    given = [
        ["--set", "training.epochs=6"],
        ["--set", "training.batch_size=6"],
        ["--epochs", "7"],
        [recipe],
    ]
    for order in (given, given[::-1]):
        words = itertools.chain.from_iterable(order)
        done = kzoo("train", *words, "--data", own_images, "--dry-run", "--json")
        training = json.loads(done.stdout)["recipe"]["training"]
        assert (training["epochs"], training["batch_size"], training["seed"]) == (7, 6, 5)
        assert (
            training["drop_last"]
            is Recipe.model_fields["training"].annotation.model_fields["drop_last"].default
        )


def test_the_last_of_two_settings_wins(kzoo, own_images):
    settings = ["--set", "training.epochs=3", "--set", "training.epochs=4"]
    done = kzoo("train", "oct-cnn", "--data", own_images, *settings, "--dry-run", "--json")
    assert json.loads(done.stdout)["recipe"]["training"]["epochs"] == 4
