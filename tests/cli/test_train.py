from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from run_files import RUN_FILES

from kzoo.parameters import trainable_count
from kzoo.recipe import list_recipes, load_recipe
from kzoo.registry import abstract_model, card

SIZES = {"num_classes", "input_shape", "source_vocabulary", "target_vocabulary"}
"""The options that the data decide."""

WITHOUT_RESNET = dict.fromkeys(("caption", "caption-attention"), ("--set", "model.encoder=conv"))
"""What captioners are trained with where the weights of a ResNet are not to be had."""

PICTURES = {"confusion.png", "mistakes.png", "activations.png", "kernels.png"}


@pytest.fixture
def own_recipe(own_images, here):
    """`own_recipe()` writes a recipe with published figures for the small set, and returns its name."""

    def write() -> str:
        document = {
            "name": "mine",
            "model": {"name": "tiny-cnn", "input_shape": [28, 28, 1], "num_classes": 4, "filters": 2},
            "data": {"name": str(own_images)},
            "training": {"learning_rate": 0.03, "epochs": 1, "batch_size": 12},
            "published": {"source": "A. Author, 1999", "figures": {"test_accuracy": 0.875}},
        }
        (here / "mine.yaml").write_text(yaml.safe_dump(document))
        return "mine.yaml"

    return write


@pytest.mark.once
@pytest.mark.parametrize("name", list_recipes())
def test_a_dry_run_of_every_recipe_tells_what_it_would_cost(kzoo, here, name):
    done = kzoo("train", name, *WITHOUT_RESNET.get(name, ()), "--dry-run", "--json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    recipe = load_recipe(name)
    assert told["recipe"]["training"] == recipe.training.model_dump()
    assert told["recipe"]["runtime"]["backend"] is not None
    options = load_recipe(name, {"model": told["recipe"]["model"]}).model.options
    assert told["cost"]["trainable parameters"] == trainable_count(
        abstract_model(recipe.model.name, **options)
    )
    if name.endswith("-best"):
        assert told["cost"]["trainable parameters"] <= card(recipe.model.name).parameters
    elif not SIZES & options.keys() and name not in WITHOUT_RESNET:
        assert told["cost"]["trainable parameters"] == card(recipe.model.name).parameters
    steps = told["cost"]["steps an epoch"]
    assert steps * recipe.training.batch_size >= told["data"]["sizes"]["train"] - recipe.training.batch_size
    assert told["cost"]["steps"] == steps * recipe.training.epochs
    assert told["data"]["stand_in"]
    assert f"STAND-IN DATA: no {recipe.data.name} found" in done.stderr
    assert not list(here.iterdir())


def test_a_model_has_the_classes_of_one_s_own_set_only_where_that_takes_the_place_of_the_recipe_s(
    kzoo, own_images, own_recipe, here
):
    shape = ["--set", "model.input_shape=[28,28,1]"]
    given = json.loads(kzoo("train", "tiny-cnn", "--data", own_images, *shape, "--dry-run", "--json").stdout)
    assert given["recipe"]["data"]["own"]
    assert given["recipe"]["model"]["num_classes"] == 4
    document = yaml.safe_load(Path(own_recipe()).read_text())
    del document["model"]["num_classes"]
    Path("wide.yaml").write_text(yaml.safe_dump(document))
    written = json.loads(kzoo("train", "wide.yaml", "--dry-run", "--json").stdout)
    assert not written["recipe"]["data"]["own"]
    assert "num_classes" not in written["recipe"]["model"]


def test_a_dry_run_shows_a_recipe_that_can_be_trained(kzoo, own_recipe, here):
    done = kzoo("train", own_recipe(), "--lr", "0.5", "--dry-run")
    recipe, cost = done.stdout.split(" trainable parameters ")
    (here / "shown.yaml").write_text(recipe)
    assert load_recipe("shown.yaml").training.learning_rate == 0.5
    assert "steps an epoch" in cost


def test_json_is_all_that_is_on_stdout_and_all_that_is_kept(kzoo, small_training, here):
    done = kzoo(*small_training, "--out", "run", "--json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    run = Path(told.pop("run"))
    assert run == Path("run")
    assert told == json.loads((run / "metrics.json").read_text())
    assert told["epochs"] == 3
    assert told["test"]["count"] == 20
    assert told["data"]["sizes"] == {"train": 60, "validation": 20, "test": 20}
    assert sum(map(sum, told["test"]["confusion_matrix"])) == 20
    assert {path.name for path in run.iterdir()} == RUN_FILES | PICTURES
    assert [line.split()[:2] for line in done.stderr.splitlines() if line.startswith("epoch")] == [
        ["epoch", f"{epoch}/3"] for epoch in (1, 2, 3)
    ]


def test_the_last_model_is_that_of_the_last_epoch_and_the_best_the_best(trained_run):
    metrics = json.loads((trained_run / "metrics.json").read_text())
    rows = np.genfromtxt(trained_run / "history.csv", delimiter=",", names=True)
    assert rows["epoch"].tolist() == [1, 2, 3]
    assert metrics["validation_accuracy"] == rows["validation_accuracy"][-1]
    assert metrics["best_validation_accuracy"] == rows["validation_accuracy"].max()
    assert metrics["best_epoch"] == 1 + rows["validation_accuracy"].argmax()
    assert metrics["train_loss"] == rows["train_loss"][-1]


def test_a_table_otherwise(kzoo, own_recipe):
    done = kzoo("train", own_recipe())
    assert done.exit_code == 0, done.stderr
    assert "test accuracy" in done.stdout
    assert "Traceback" not in done.stderr
    with pytest.raises(json.JSONDecodeError):
        json.loads(done.stdout)


def test_published_figures_stand_beside_those_of_the_published_recipe_only(kzoo, own_recipe, own_images):
    recipe = own_recipe()
    published = json.loads(kzoo("train", recipe, "--seed", 7, "--json").stdout)["comparison"]
    assert published["published"] == {"test_accuracy": 0.875}
    assert published["source"] == "A. Author, 1999"
    for change, key in (
        (["--epochs", 2], "training.epochs"),
        (["--set", "model.filters=3"], "model.filters"),
    ):
        changed = json.loads(kzoo("train", recipe, *change, "--json").stdout)["comparison"]
        assert changed["published"] is None
        assert changed["reason"] == f"the recipe was changed: {key}"


def test_the_environment_tells_how_to_do_it_again(kzoo, own_recipe, here):
    kzoo("train", own_recipe(), "--out", "a run")
    environment = json.loads((here / "a run" / "environment.json").read_text())
    assert environment["command"] == "kzoo train mine.yaml --out 'a run'"
    assert len(environment["data"]["sha256"]) == 64
    again = kzoo("train", "a run/recipe.yaml", "--out", "again")
    assert again.exit_code == 0, again.stderr
    first, second = (here / folder / "history.csv" for folder in ("a run", "again"))
    assert first.read_bytes() == second.read_bytes()


def test_another_seed_gives_another_run(kzoo, own_recipe, here):
    for seed in (1, 2):
        kzoo("train", own_recipe(), "--seed", seed, "--out", seed)
    assert (here / "1" / "history.csv").read_bytes() != (here / "2" / "history.csv").read_bytes()


@pytest.mark.usefixtures("precision")
def test_mixed_precision(kzoo, own_recipe):
    done = kzoo("train", own_recipe(), "--precision", "mixed_bfloat16", "--out", "run", "--json")
    assert done.exit_code == 0, done.stderr
    assert np.isfinite(json.loads(done.stdout)["train_loss"])
    evaluated = json.loads(kzoo("evaluate", "run", "--json").stdout)
    assert evaluated["accuracy"] == json.loads(done.stdout)["test_accuracy"]


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        (["cn-bn"], 2, "did you mean 'cnn-bn'?"),
        ([], 2, "name a model or a recipe to train: asr-attention, asr-best, asr-lstm"),
        (["none.yaml"], 2, "no recipe file 'none.yaml'"),
        (["mine.yaml", "--lr", "-1"], 2, "training.learning_rate"),
        (["mine.yaml", "--set", "training.epoch=3"], 2, "did you mean 'training.epochs'?"),
        (["mine.yaml", "--set", "model.filter=3"], 2, "did you mean 'filters'?"),
        (["mine.yaml", "--set", "model.name=tiny"], 2, "no model is called 'tiny'"),
        (["mine.yaml", "--set", "model.convention=torch"], 2, "did you mean 'pytorch'?"),
        (["mine.yaml", "--set", "model.num_classes=3"], 2, "--set model.num_classes=4"),
        (["mine.yaml", "--set", "model.filters=0"], 2, "cannot be built with"),
        (["mine.yaml", "--set", "epochs"], 2, "expected key=value"),
        (["mine.yaml", "--set", "training.drop_last=true", "--batch-size", "64"], 2, "lower --batch-size"),
        (["mine.yaml", "--set", "training.accumulation=999"], 2, "the training has only"),
        (["mine.yaml", "--data", "minst"], 2, "did you mean 'mnist'?"),
        (["mine.yaml", "--data", "damaged.npz"], 3, "damaged.npz"),
        (["mine.yaml", "--data", "kmnist", "--require-data"], 3, "kzoo data fetch kmnist"),
        (["mine.yaml", "--out", "taken"], 2, "taken is there already"),
        (["mine.yaml", "--precision", "float8"], 2, "float8"),
        (["mine.yaml", "--backend", "theano"], 2, "theano"),
        (["mine.yaml", "--epochs", "many"], 2, "--epochs"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_written(kzoo, own_recipe, here, words, exit_code, said):
    own_recipe()
    (here / "damaged.npz").write_bytes(b"PK\3\4 no npz")
    (here / "taken").mkdir()
    (here / "taken" / "thesis.txt").write_text("mine")
    before = sorted(here.rglob("*"))
    done = kzoo("train", *words)
    assert done.exit_code == exit_code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert sorted(here.rglob("*")) == before


def test_a_diverged_training_is_exit_code_1(kzoo, own_recipe):
    done = kzoo("train", own_recipe(), "--lr", "1e30")
    assert done.exit_code == 1
    message = done.stderr.splitlines()[-1]
    assert message.startswith("kzoo: the training loss is not a number in epoch 1, steps 1 to 5: lower")


def test_a_training_that_diverges_in_its_last_step_is_no_success(kzoo, own_recipe, here):
    done = kzoo("train", own_recipe(), "--lr", "1e30", "--batch-size", 60, "--out", "run", "--json")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].startswith(
        "kzoo: the validation loss is not a number after epoch 1: "
    )
    assert not {"metrics.json", "best.keras", "last.keras"} & {path.name for path in (here / "run").iterdir()}


def test_a_resumed_run_is_compared_with_the_recipe_that_it_was_started_from(kzoo, own_recipe, here):
    recipe = own_recipe()
    for words, published in ([], {"test_accuracy": 0.875}), (["--lr", 0.02], None):
        run = here / f"run{len(words)}"
        assert kzoo("train", recipe, *words, "--out", run).exit_code == 0
        (run / "metrics.json").unlink()
        done = kzoo("train", "--resume", run, "--json")
        assert done.exit_code == 0, done.stderr
        assert json.loads(done.stdout)["comparison"]["published"] == published


@pytest.mark.parametrize("words", [["--dry-run"], ["--out", "other"], ["--require-data"]])
def test_what_is_for_a_new_run_is_refused_for_an_old_one(kzoo, trained_run, words):
    done = kzoo("train", "--resume", trained_run, "--epochs", 4, *words)
    assert done.exit_code == 2
    assert "are for a new run, not for --resume" in done.stderr


def test_a_model_without_convolutions_has_no_maps(kzoo, own_images, here):
    words = ["--set", "model.input_shape=[28, 28, 1]", "--set", "model.hidden_units=3", "--epochs", 1]
    assert kzoo("train", "mlp", "--data", own_images, *words, "--out", "run").exit_code == 0
    assert {path.name for path in (here / "run").iterdir()} == RUN_FILES | PICTURES - {
        "activations.png",
        "kernels.png",
    }
