from __future__ import annotations

import json

import keras
import numpy as np
import pytest
from marks import once_but

from kzoo.bench import fit, handover, machine, peers, reference, tight, training_race
from kzoo.bench.task import TrainingTask
from kzoo.errors import MissingExtraError, UsageError
from kzoo.experiment import prepare
from kzoo.recipe import load_recipe, parse_setting
from kzoo.registry import check_options
from kzoo.training.examples import Examples
from kzoo.training.optimizers import create_optimizer
from kzoo.training.order import batches, epoch_order

FAMILIES = {
    "tiny-cnn": "images",
    "nmt-bilinear": "pairs",
    "caption-attention": "captions",
    "caption": "captions",
    "asr-attention": "speech",
}
"""A recipe of each family, the second captioner from pixels, and the kind of its experiment."""


def set_all(settings):
    return [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]


@pytest.fixture
def small(own_images):
    """The arguments of a race over 60 images of a small model."""
    pytest.importorskip("torch")
    settings = {"data.name": own_images, "model.filters": 4, "model.input_shape": [28, 28, 1]}
    return ["bench", "train", "tiny-cnn", "--json", "--wait", "0", *set_all(settings)]


@pytest.fixture
def families(own_pairs, own_captions, own_speech, own_images, region_settings):
    """A recipe of each family and its settings: few units, no dropout."""
    sizes = {"model.units": 8, "training.batch_size": 8, "model.dropout": 0}
    pixels = {"model.encoder": "conv", "data.image_size": 16, "model.attention_units": 8}
    image = {"data.name": own_images, "model.input_shape": [28, 28, 1]}
    return {
        "tiny-cnn": set_all(image),
        "nmt-bilinear": set_all({"data.name": own_pairs, **sizes}),
        "caption-attention": [*region_settings, *set_all({"model.dropout": 0})],
        "caption": set_all({"data.name": own_captions, **sizes, **pixels}),
        "asr-attention": set_all({"data.name": own_speech, "model.blocks": 1, **sizes, "model.units": 16}),
    }


def test_steps_race_by_rounds(kzoo, small):
    done = kzoo(*small, "--steps", 3, "--rounds", 2)
    assert done.exit_code == 0, done.stderr
    (figures,) = json.loads(done.stdout)
    assert (figures["steps"], figures["batch_size"], figures["optimizer"]) == (3, 8, "sgd")
    assert figures["data"]["sizes"] == {"train": 60, "validation": 20, "test": 20}
    assert {"model.filters", "data.name"} <= set(figures["changed"])
    assert figures["machine"]
    peers = figures["peers"]
    assert [len(peers[name]["sides"]) for name in ("student", "tight", "fit")] == [2, 2, 1]
    assert {1} <= {side["threads"] for side in peers["student"]["sides"]}
    for side in (figures["kzoo"], *(side for peer in peers.values() for side in peer["sides"])):
        once = [side[f"{what}_seconds"] for what in ("import", "data", "first_step")]
        assert len(side["round_seconds"]) == 2
        assert min(*once, *side["round_seconds"]) > 0
        assert side["examples_per_second"] == pytest.approx(3 * 8 / np.median(side["round_seconds"]))
    for peer in peers.values():
        fastest, *others = (side["examples_per_second"] for side in peer["sides"])
        assert fastest >= max(others, default=0)
        assert peer["ratio"] == pytest.approx(figures["kzoo"]["examples_per_second"] / fastest)
        assert len(peer["ratios"]) == 2
    assert (figures["ratio"], figures["ratios"]) == (peers["student"]["ratio"], peers["student"]["ratios"])
    assert "round 2/2: kzoo" in done.stderr


@pytest.mark.usefixtures("one_thread")
@pytest.mark.once
def test_what_is_handed_over_races_for_steps(kzoo, families):
    pytest.importorskip("torch")
    words = ["--steps", 2, "--rounds", 1, "--wait", 0, "--json"]
    done = kzoo("bench", "train", "asr-attention", *families["asr-attention"], *words)
    assert done.exit_code == 0, done.stderr
    (figures,) = json.loads(done.stdout)
    assert list(figures["peers"]) == ["student", "tight", "fit"]


@pytest.mark.usefixtures("students_only")
@pytest.mark.once
def test_pairs_captions_and_speech_race_for_epochs(kzoo, families):
    pytest.importorskip("torch")
    nouns = {"nmt-bilinear": "pairs", "caption": "captioned images", "asr-attention": "clips"}
    for recipe, noun in nouns.items():
        words = ["--whole", "--rounds", 2, "--wait", 0, "--json"]
        done = kzoo("bench", "train", recipe, *families[recipe], *words)
        assert done.exit_code == 0, done.stderr
        (figures,) = json.loads(done.stdout)
        assert figures["noun"] == noun
        (student,) = figures["peers"]["student"]["sides"]
        assert all(len(side["epoch_seconds"]) == 2 for side in (figures["kzoo"], student))


@pytest.fixture
def two_models(monkeypatch):
    """A zoo of a classifier and of a captioner whose encoder is missing."""
    names = ["tiny-cnn", "caption"]
    monkeypatch.setattr("kzoo.recipe.list_recipes", lambda: names)
    return names


@pytest.mark.usefixtures("students_only", "two_models")
@pytest.mark.once
def test_the_zoo_races_on_every_backend_and_names_what_cannot(kzoo, tmp_path):
    pytest.importorskip("torch")
    words = ["--set", f"model.encoder={tmp_path / 'gone'}", "--steps", 2, "--rounds", 1, "--wait", 0]
    done = kzoo("bench", "zoo", *words, "--backend", "torch", "--backend", "tensorflow", "--json")
    assert done.exit_code == 2, done.stderr
    raced = json.loads(done.stdout)
    assert [(each["recipe"], each["kzoo"]["framework"]) for each in raced] == [
        ("tiny-cnn", "torch"),
        ("tiny-cnn", "tensorflow"),
    ]
    assert "caption on torch: " in done.stderr
    assert "caption on tensorflow: " in done.stderr


@pytest.mark.usefixtures("two_models")
@pytest.mark.once
def test_a_key_that_no_model_of_the_zoo_has_is_named(kzoo):
    done = kzoo("bench", "zoo", "--set", "model.encodr=x")
    assert done.exit_code == 2
    assert "model.encodr" in done.stderr


def load_family(recipe, settings):
    """The experiment of a recipe with `--set` words."""
    return prepare(load_recipe(recipe, dict(map(parse_setting, settings[1::2]))))


@pytest.mark.once
@pytest.mark.parametrize("smoothing", [0, 0.1])
@pytest.mark.parametrize("family", FAMILIES)
def test_the_tight_loop_and_the_student_have_the_same_losses(families, tmp_path, family, smoothing):
    torch = pytest.importorskip("torch")
    smoothed = set_all({"training.label_smoothing": smoothing})
    experiment = load_family(family, [*families[family], *smoothed])
    recipe, kind = experiment.recipe, FAMILIES[family]
    handover.write_training(experiment, tmp_path)
    module = reference.load_reference(None, family, kind, (*reference.NAMES, reference.TIGHT_NAME))
    options = check_options(recipe.model.name, recipe.model.options)
    task = TrainingTask(
        recipe=recipe, data_dir=None, against=None, steps=4, rounds=1, handover=tmp_path, options=options
    )
    X, y = module.tensors(*reference.load_splits(task.model_copy(update={"kind": kind}))[0])
    *_, order = task.orders(handover.read_examples(tmp_path))
    losses = []
    for is_tight in (False, True):
        torch.manual_seed(3)
        model = reference.create_model(module, family, options).train()
        optimizer = reference.create_optimizer(model, recipe.training, fused=is_tight)
        label_smoothing = reference.smoothing(recipe.training)
        if is_tight:
            loss = module.resident_loss(model, X, y, **label_smoothing)
            batches = torch.from_numpy(order).long().split(recipe.training.batch_size)
            losses.append(tight.train_on(optimizer, loss, batches))
        else:
            words = (X, y, order.tolist(), recipe.training.batch_size)
            losses.append(module.train(model, optimizer, *words, **label_smoothing))
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


@pytest.mark.parametrize("family", once_but(["tiny-cnn", "nmt-bilinear"], FAMILIES))
def test_fit_and_kzoo_have_the_same_losses(families, family):
    # Not Adam: on TensorFlow Keras's squares the gradient of each time that a token is looked up by itself.
    experiment = load_family(family, [*families[family], *set_all({"training.optimizer": "sgd"})])
    training = experiment.recipe.training
    examples, train_on = experiment.compile_steps(experiment.create_model())
    fit_on = fit.compile_fit(experiment, examples, experiment.create_model())
    order = epoch_order(training, 1, examples)[: 2 * training.batch_size]
    for _ in range(2):
        (rows,) = batches(order, training, 2)
        assert fit_on(order) == pytest.approx(train_on(rows) / 2, rel=1e-4)


@pytest.mark.parametrize("fraction", [1, 0.5])
def test_the_reference_has_the_examples_that_kzoo_has(own_images, own_pairs, fraction):
    for name, data, options in (
        ("tiny-cnn", own_images, {"model.input_shape": [28, 28, 1], "model.num_classes": 4}),
        ("nmt-bilinear", own_pairs, {"data.max_length": 20}),
    ):
        recipe = load_recipe(name, {"data.name": str(data), "data.fraction": fraction, **options})
        experiment = prepare(recipe)
        load = reference._LOADERS["images" if name == "tiny-cnn" else "pairs"]
        splits = load(recipe, dict(experiment.recipe.model.options), None)
        assert [len(arrays[0]) for arrays in splits] == list(experiment.sizes.values())
        for theirs, ours in zip(splits[0], experiment.examples()(1).arrays, strict=True):
            np.testing.assert_array_equal(theirs, ours)


@pytest.mark.usefixtures("students_only")
def test_runs_race_by_epochs(kzoo, small):
    done = kzoo(*small, "--whole", "--rounds", 2, "--set", "training.epochs=5")
    assert done.exit_code == 0, done.stderr
    (figures,) = json.loads(done.stdout)
    sides = (figures["kzoo"], figures["peers"]["student"]["sides"][0])
    for side in sides:
        first, second = side["epoch_seconds"]
        once = side["import_seconds"] + side["data_seconds"] + side["end_seconds"]
        assert min(first, second, side["end_seconds"]) > 0
        assert side["run_seconds"] == pytest.approx(once + first + 4 * second)
        assert side["examples_per_second"] == pytest.approx(5 * 60 / side["run_seconds"])
    assert figures["ratio"] == pytest.approx(sides[1]["run_seconds"] / sides[0]["run_seconds"])


def raced(timings):
    """What `_race` gives for the timings of kzoo, of two students, of a tight loop and of `fit`."""
    side = {"import_seconds": 1.5, "data_seconds": 0.2, "device": "abacus"}
    names = ("kzoo", "slow", "fast", "tight", "fit")
    sides = {name: {**side, "timings": [3.0, *timings[name]]} for name in names}
    ours = {**sides["kzoo"], "framework": "tensorflow"}
    peers = {
        "student": [{**sides["slow"], "threads": 2}, {**sides["fast"], "threads": 1}],
        "tight": [{**sides["tight"], "threads": 4}],
        "fit": [sides["fit"]],
    }
    facts = {
        **{"recipe": "cnn", "noun": "images", "data": {"name": "glyphs", "stand_in": True}},
        **{"batch_size": 8, "optimizer": "sgd"},
    }
    return facts, ours, peers


LAPS = {
    "kzoo": [0.1, 0.2, 0.1],
    "slow": [0.8, 0.1, 0.8],
    "fast": [0.4, 0.4, 0.3],
    "tight": [0.3, 0.2, 0.2],
    "fit": [0.2, 0.2, 0.2],
}


@pytest.mark.parametrize(("busy", "caution"), [(0.1, False), (1.7, True)])
def test_table_has_all_sides_and_a_caution(kzoo, monkeypatch, busy, caution):
    pytest.importorskip("torch")
    monkeypatch.setattr(training_race, "_race", lambda *words: raced(LAPS))
    monkeypatch.setattr(machine, "_measure", lambda: busy)
    monkeypatch.setattr(machine, "read", lambda: None)
    done = kzoo("bench", "train", "cnn", "--steps", 10, "--rounds", 3, "--wait", 0)
    assert done.exit_code == 0, done.stderr
    assert "cnn on glyphs (stand-in), batch 8, sgd, abacus" in done.stdout
    text = " ".join(done.stdout.split())
    assert "kzoo, tensorflow 800 1.5 0.2 3.0 plain PyTorch, 1 thread 200 1.5" in text
    assert "4.00 (2.00 to 4.00 by round) times as fast as plain PyTorch, 1 thread" in text
    assert "2.00 (1.00 to 3.00 by round) times as fast as a tight PyTorch loop, 4 threads" in text
    assert "2.00 (1.00 to 2.00 by round) times as fast as model.fit" in text
    assert ("do not quote these ratios" in done.stdout) == caution


def test_recipes_race_one_after_the_other(kzoo, monkeypatch):
    pytest.importorskip("torch")

    def race(task, *words):
        facts, *sides = raced(LAPS)
        return {**facts, "recipe": task.recipe.name}, *sides

    monkeypatch.setattr(training_race, "_race", race)
    done = kzoo("bench", "train", "tiny-cnn", "mlp", "--steps", 10, "--rounds", 3, "--wait", 0, "--json")
    assert done.exit_code == 0, done.stderr
    assert [figures["recipe"] for figures in json.loads(done.stdout)] == ["tiny-cnn", "mlp"]


def test_the_faster_of_two_students_counts_by_its_median(monkeypatch):
    monkeypatch.setattr(training_race, "_race", lambda *words: raced(LAPS))
    task = TrainingTask(recipe=load_recipe("cnn"), data_dir=None, against=None, steps=10, rounds=3)
    figures = training_race.race_steps(task, print)
    assert [side["threads"] for side in figures["peers"]["student"]["sides"]] == [1, 2]
    assert figures["ratios"] == pytest.approx([4, 2, 3])


@pytest.mark.once
def test_what_is_wrong_in_a_worker_is_one_line_here(kzoo, small, tmp_path):
    (tmp_path / "mine.py").write_text("MODELS = {}\ntensors = train = evaluate = None\n")
    done = kzoo(*small, "--against", tmp_path / "mine.py", "--rounds", 1)
    assert done.exit_code == UsageError.exit_code
    assert "mine.py has no model 'tiny-cnn'" in done.stderr
    (tmp_path / "other.py").write_text("MODELS = {}\n")
    done = kzoo(*small, "--against", tmp_path / "other.py", "--rounds", 1)
    assert "other.py defines no tensors, train, evaluate" in done.stderr


OWN_REFERENCE = """
import torch

MODELS = {"tiny-cnn": lambda input_shape, num_classes, filters: torch.nn.Linear(3, 2)}


def tensors(images, labels):
    return images, labels


def train(model, optimizer, X, y, order, batch_size):
    pass


def evaluate(model, X, y):
    pass
"""


@pytest.mark.usefixtures("one_thread")
@pytest.mark.once
def test_a_reference_without_a_resident_loss_has_no_tight_loop(kzoo, small, tmp_path, monkeypatch):
    monkeypatch.delitem(peers.THREADS, peers.FIT)
    (tmp_path / "own.py").write_text(OWN_REFERENCE)
    done = kzoo(*small, "--against", tmp_path / "own.py", "--steps", 2, "--rounds", 1)
    assert done.exit_code == 0, done.stderr
    assert list(json.loads(done.stdout)[0]["peers"]) == ["student"]
    assert "own.py defines no resident_loss: the tight loop of PyTorch does not race" in done.stderr


def test_a_model_that_a_reference_has_not_is_one_line():
    pytest.importorskip("torch")
    module = reference.load_reference(None, "caption", "captions", reference.NAMES)
    with pytest.raises(UsageError, match=r"reference of 'caption'.* no reference with attention bilinear"):
        reference.create_model(module, "caption", {"attention": "bilinear", "convention": "pytorch"})


def test_references_are_found_or_asked_for(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    training_race.check_reference(None)
    (tmp_path / "mine.py").write_text("")
    training_race.check_reference(tmp_path / "mine.py")
    with pytest.raises(UsageError, match="expected a Python file or package"):
        training_race.check_reference(tmp_path)
    monkeypatch.setattr(training_race, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'kzoo\[torch\]'"):
        training_race.check_reference(None)


def test_both_sides_get_the_same_orders():
    task = TrainingTask(recipe=load_recipe("cnn"), data_dir=None, against=None, steps=5, rounds=2)
    examples = Examples.of_fixed_size(np.zeros(19))
    first, *rounds = (order.tolist() for order in task.orders(examples))
    assert len(first) == 8
    assert [len(order) for order in rounds] == [40, 40]
    assert all(len(set(order[:16])) == 16 and set(order) <= set(range(19)) for order in rounds)
    # Whole batches of an epoch again and again: a batch of like length stays one.
    assert all(order == [*order[:16], *order[:16], *order[:8]] for order in rounds)
    assert rounds[0] != rounds[1]
    epochs = [order.tolist() for order in task.model_copy(update={"steps": None}).orders(examples)]
    assert [sorted(order) for order in epochs] == [list(range(19))] * 2


@pytest.mark.parametrize(
    ("setting", "key"),
    [
        ("optimizer=rmsprop", "optimizer=rmsprop"),
        ("accumulation=2", "accumulation"),
        ("class_weights=balanced", "class_weights"),
    ],
)
def test_what_references_do_not_compute_does_not_race(setting, key):
    recipe = load_recipe("cnn", dict([parse_setting(f"training.{setting}")]))
    task = TrainingTask(recipe=recipe, data_dir=None, against=None, steps=1, rounds=1)
    with pytest.raises(UsageError, match=f"the references of kzoo bench do not have training.{key}: race"):
        training_race.race_steps(task, print)


@pytest.mark.parametrize(
    "settings", [{"momentum": 0.9, "nesterov": True}, {"momentum": 0.9, "clip_norm": 0.1}]
)
def test_a_reference_has_the_optimizer_of_the_recipe(settings):
    """Its step on the same gradient. Momentum is written otherwise, but is the same at a constant rate."""
    torch = pytest.importorskip("torch")
    training = load_recipe("cnn", {f"training.{key}": value for key, value in settings.items()}).training
    theirs, ours = torch.nn.Linear(1, 5), keras.Variable(np.zeros((5, 1), "float32"))
    torch.nn.init.zeros_(theirs.weight)
    theirs.bias = None
    reference_optimizer, optimizer = reference.create_optimizer(theirs, training), create_optimizer(training)
    for step in range(3):
        gradient = np.random.default_rng(step).normal(size=(5, 1)).astype("float32")
        theirs.weight.grad = torch.from_numpy(gradient.copy())
        reference_optimizer.step()
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [ours])
    expected = theirs.weight.detach().numpy()
    np.testing.assert_allclose(keras.ops.convert_to_numpy(ours), expected, rtol=1e-4)
