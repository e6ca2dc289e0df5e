"""What every model of the registry keeps, without a word about any one of them."""

from __future__ import annotations

import itertools
import re
import zlib
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest
from gradients import Inputs, Loss, differentiate

from kzoo.errors import UsageError
from kzoo.parameters import trainable_count
from kzoo.recipe import list_recipes, load_recipe
from kzoo.registry import abstract_model, card, check_options, create_model, default_options, list_models
from kzoo.runtime import BACKENDS
from kzoo.training.objective import negative_log_likelihood, token_negative_log_likelihood

MODELS = list_models()
CLASSES = 7

Options = dict[str, Any]
Batch = tuple[Inputs, np.ndarray]


def draw_images(count: int, options: Options) -> Batch:
    """Noise in the shape that a model with these options takes."""
    rng = np.random.default_rng(count)
    images = rng.random((count, *options["input_shape"]), dtype=np.float32)
    return images, rng.integers(0, options["num_classes"], count, dtype=np.int32)


def draw_ids(rng: np.random.Generator, count: int, longest: int, vocabulary: int) -> np.ndarray:
    """Rows of ids, each shorter than the one before it, padded with 0."""
    lengths = np.linspace(longest, 2, count, dtype=int)[:, None]
    ids = rng.integers(1, vocabulary, (count, longest), dtype=np.int32)
    return np.where(np.arange(longest) < lengths, ids, 0)


def draw_pairs(count: int, options: Options) -> Batch:
    """Sequences of different lengths from the vocabularies of a model with these options."""
    rng = np.random.default_rng(count)
    targets = draw_ids(rng, count, 5, options["target_vocabulary"])
    sources = draw_ids(rng, count, 6, options["source_vocabulary"])
    return {"source_ids": sources, "target_ids": targets[:, :-1]}, targets[:, 1:]


def draw_captions(count: int, options: Options) -> Batch:
    """Regions of noise and captions of different lengths."""
    rng = np.random.default_rng(count)
    targets = draw_ids(rng, count, 5, options["vocabulary"])
    regions = rng.normal(size=(count, 11, options["features"])).astype(np.float32)
    return {"regions": regions, "target_ids": targets[:, :-1]}, targets[:, 1:]


def draw_speech(count: int, options: Options) -> Batch:
    """Clips and texts of different lengths."""
    rng = np.random.default_rng(count)
    targets = draw_ids(rng, count, 5, options["vocabulary"])
    real = draw_ids(rng, count, 13, 2)[..., None]
    frames = real * rng.normal(size=(count, 13, options["mels"]))
    return {"frames": frames.astype(np.float32), "target_ids": targets[:, :-1]}, targets[:, 1:]


class Task(NamedTuple):
    """What the models of a task are tried on."""

    other: Options
    """Options of a model for other data than the published, with 7 outputs."""
    draw: Callable[[int, Options], Batch]
    """`draw(count, options)` gives inputs and labels."""
    loss: Loss


TASKS = {
    "image classification": Task(
        {"input_shape": (37, 31, 2), "num_classes": CLASSES}, draw_images, negative_log_likelihood
    ),
    "sequence transduction": Task(
        {"source_vocabulary": 11, "target_vocabulary": CLASSES, "units": 6},
        draw_pairs,
        token_negative_log_likelihood,
    ),
    "image captioning": Task(
        {"vocabulary": CLASSES, "features": 5, "embedding": 6, "units": 8, "attention_units": 9},
        draw_captions,
        token_negative_log_likelihood,
    ),
    "speech recognition": Task(
        {"vocabulary": CLASSES, "mels": 5, "units": 12, "heads": 3, "blocks": 1},
        draw_speech,
        token_negative_log_likelihood,
    ),
}

IDLE = "scorer/bias"
"""A weight that adds the same to every score of a query, which the softmax makes of no consequence."""


def task(name: str) -> Task:
    return TASKS[card(name).task]


def arrays(model: keras.Model) -> list[np.ndarray]:
    return [keras.ops.convert_to_numpy(weight) for weight in model.weights]


@pytest.mark.parametrize("name", MODELS)
def test_has_the_parameters_its_card_promises(name):
    promised = card(name)
    assert trainable_count(abstract_model(name)) == promised.parameters
    assert promised.published in (promised.parameters, None) or promised.note


@pytest.mark.parametrize("name", MODELS)
def test_outline_has_the_shapes_of_the_model(name):
    outline, model = abstract_model(name), create_model(name, seed=0)
    assert [weight.shape for weight in outline.weights] == [weight.shape for weight in model.weights]
    assert trainable_count(outline) == trainable_count(model)


@pytest.mark.parametrize("name", MODELS)
def test_fits_other_data_and_every_weight_has_a_gradient(name):
    options = check_options(name, task(name).other)
    model = create_model(name, seed=0, **options)
    batch, labels = task(name).draw(3, options)
    # In inference: the offset of a convolution is lost in the batch normalisation that follows it.
    outputs, gradients = differentiate(model, batch, labels, training=False, loss=task(name).loss)
    assert outputs.shape == (*labels.shape, CLASSES)
    np.testing.assert_allclose(np.exp(outputs).sum(axis=-1), 1, atol=1e-5)
    for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
        assert np.isfinite(gradient).all(), variable.path
        assert np.abs(gradient).max() > 0 or variable.path.endswith(IDLE), variable.path


@pytest.mark.parametrize("name", MODELS)
def test_has_a_recipe_of_its_own_name(name):
    assert name in list_recipes()
    recipe = load_recipe(name)
    assert (recipe.name, recipe.model.name) == (name, name)
    check_options(name, recipe.model.options)


def uniform(rng: np.random.Generator, bound: float, shape: tuple[int, ...]) -> np.ndarray:
    return rng.uniform(-bound, bound, shape)


def depthwise(rng: np.random.Generator, convention: str, shape: tuple[int, ...]) -> np.ndarray:
    """Of a depthwise convolution, each of whose filters reads one channel."""
    *window, channels, _ = shape
    return kernel(rng, convention, (*window, 1, channels)).reshape(shape)


def kernel(rng: np.random.Generator, convention: str, shape: tuple[int, ...]) -> np.ndarray:
    """Of a convolution or a dense layer."""
    fan_in, fan_out = np.prod(shape[:-1]), np.prod([*shape[:-2], shape[-1]])
    bound = 1 / np.sqrt(fan_in) if convention == "pytorch" else np.sqrt(6 / (fan_in + fan_out))
    return uniform(rng, bound, shape)


def orthogonal(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """The transposed Q of the QR factors of noise, with the signs that leave the diagonal of R positive."""
    q, r = np.linalg.qr(rng.normal(size=shape[::-1]))
    return (q * np.sign(np.diag(r))).T


def expected_weights(
    layer: str, rng: np.random.Generator, convention: str, shapes: dict[str, tuple[int, ...]]
):
    """The documented draws for a layer with weights of these names, spelled out and in their order."""
    torch = convention == "pytorch"
    if "recurrent_kernel" in shapes:
        units = shapes["recurrent_kernel"][0]
        bound = 1 / np.sqrt(units)
        yield uniform(rng, bound, shapes["kernel"]) if torch else kernel(rng, "keras", shapes["kernel"])
        recurrent = shapes["recurrent_kernel"]
        yield uniform(rng, bound, recurrent) if torch else orthogonal(rng, recurrent)
        if torch:
            yield uniform(rng, bound, (4 * units,)) + uniform(rng, bound, (4 * units,))
        else:  # input, forget, cell and output gates
            yield np.concatenate([np.zeros(units), np.ones(units), np.zeros(2 * units)])
    elif "kernel" in shapes:
        draw = depthwise if layer.endswith("depthwise") else kernel
        yield draw(rng, convention, shapes["kernel"])
        if "bias" in shapes:
            bound = 1 / np.sqrt(np.prod(shapes["kernel"][:-1]))
            yield uniform(rng, bound, shapes["bias"]) if torch else np.zeros(shapes["bias"])
    elif "embeddings" in shapes:
        tokens, units = shapes["embeddings"]
        if torch:
            table = rng.normal(size=(tokens, units))
            yield np.concatenate([np.zeros((1, units)), table[1:]])
        else:
            yield uniform(rng, 0.05, (tokens, units))
        if "reverse_embeddings" in shapes:
            yield kernel(rng, convention, (units, tokens))
    elif "table" in shapes:
        yield rng.normal(size=shapes["table"]) if torch else uniform(rng, 0.05, shapes["table"])
    else:
        starts = {"gamma": np.ones, "beta": np.zeros, "moving_mean": np.zeros, "moving_variance": np.ones}
        for name, shape in shapes.items():
            yield starts.get(name, np.zeros)(shape)


@pytest.mark.parametrize("convention", ["pytorch", "keras"])
@pytest.mark.parametrize(("name", "options"), [*((name, {}) for name in MODELS), ("nmt", {"tied": False})])
def test_starts_where_its_seed_and_convention_say(name, options, convention):
    """Each layer that has weights has a generator of its own, of the model's seed and the layer's path."""
    model = create_model(name, seed=3, convention=convention, **options)
    by_layer = itertools.groupby(model.weights, lambda weight: weight.path.rpartition("/")[0])
    for layer, group in by_layer:
        weights = list(group)
        rng = np.random.default_rng([3, zlib.crc32(layer.encode())])
        shapes = {weight.path.rpartition("/")[2]: tuple(weight.shape) for weight in weights}
        for weight, expected in zip(weights, expected_weights(layer, rng, convention, shapes), strict=True):
            array = keras.ops.convert_to_numpy(weight)
            np.testing.assert_array_equal(array, expected.astype("float32"), err_msg=weight.path)


def test_convention_sets_the_constants_of_batch_normalisation():
    constants = {
        convention: {
            (layer.momentum, layer.epsilon)
            for layer in abstract_model("cnn-bn", convention=convention).layers
            if isinstance(layer, keras.layers.BatchNormalization)
        }
        for convention in ("keras", "pytorch")
    }
    assert constants == {"keras": {(0.99, 1e-3)}, "pytorch": {(0.9, 1e-5)}}


@pytest.mark.parametrize("name", MODELS)
def test_a_seed_gives_the_same_weights_again(name):
    options = check_options(name, task(name).other)
    first, again = (arrays(create_model(name, seed=3, **options)) for _ in range(2))
    assert all(map(np.array_equal, first, again))


def test_another_seed_gives_other_weights():
    kernels = [create_model("tiny-cnn", seed=seed).get_layer("conv1").kernel for seed in (1, 2)]
    first, second = map(keras.ops.convert_to_numpy, kernels)
    assert (first != second).all()


def test_no_seed_follows_keras():
    def draw() -> list[np.ndarray]:
        return arrays(create_model("tiny-cnn"))

    keras.utils.set_random_seed(5)
    first, next_one = draw(), draw()
    keras.utils.set_random_seed(5)
    assert all(map(np.array_equal, draw(), first))
    assert not np.array_equal(first[0], next_one[0])


DIGEST = """
import hashlib, keras, kzoo
digest = hashlib.sha256()
for name in kzoo.list_models():
    for variable in kzoo.create_model(name, seed=11).variables:
        digest.update(keras.ops.convert_to_numpy(variable).astype("float64").tobytes())
digest = digest.hexdigest()
"""


def test_a_seed_means_the_same_on_another_backend(python):
    others = [name for name in BACKENDS if name != keras.backend.backend() and find_spec(name)]
    if not others:
        pytest.skip("no other backend is installed")
    here: dict[str, str] = {}
    exec(DIGEST, here)
    there = python(f"{DIGEST}\nprint(digest)", KERAS_BACKEND=others[-1])
    assert there.stdout.split() == [here["digest"]], there.stderr


LOAD = """
import os, pathlib
{imports}
import numpy as np
for path in pathlib.Path(os.environ["FOLDER"]).glob("*.keras"):
    model, batch = keras.saving.load_model(path), np.load(path.with_suffix(".npy"), allow_pickle=True)[()]
    np.save(path.with_suffix(".outputs.npy"), model.predict(batch, verbose=0))
"""


ONE_OF_A_FAMILY = ["cnn-bn", "nmt-bilinear", "p2g-bahdanau", "caption-attention", "asr-attention"]


@pytest.fixture(scope="module")
def saved(request, tmp_path_factory):
    """Models in files, each beside a batch and its outputs."""
    folder, outputs = tmp_path_factory.mktemp("saved"), {}
    for name in request.param:
        model = create_model(name, seed=0)
        batch, _ = task(name).draw(2, default_options(name))
        outputs[name] = model.predict(batch, verbose=0)
        model.save(folder / f"{name}.keras")
        np.save(folder / f"{name}.npy", batch)
    return folder, outputs


@pytest.mark.parametrize(
    ("saved", "imports"),
    [
        (ONE_OF_A_FAMILY, "import keras, kzoo"),
        pytest.param(MODELS, "import kzoo, keras", marks=pytest.mark.once),
    ],
    indirect=["saved"],
)
def test_saved_models_load_with_keras(imports, python, saved):
    folder, outputs = saved
    done = python(LOAD.format(imports=imports), FOLDER=str(folder))
    assert done.exit_code == 0, done.stderr
    for name, expected in outputs.items():
        loaded = np.load(folder / f"{name}.outputs.npy")
        np.testing.assert_allclose(loaded, expected, rtol=0, atol=1e-6, err_msg=name)


def test_unknown_names_are_told_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'cnn-bn-flatten'"):
        create_model("cnn-bn-flat")
    with pytest.raises(UsageError, match="has no option 'drop_out'; did you mean 'dropout'"):
        create_model("cnn", drop_out=0.1)
    with pytest.raises(UsageError, match="no convention is called 'torch'; did you mean 'pytorch'"):
        create_model("cnn", convention="torch")


@pytest.mark.parametrize("options", [{"input_shape": (3, 3, 1)}, {"num_classes": -1}, {"dropout": 1.5}])
def test_impossible_options_are_one_line(options):
    with pytest.raises(UsageError, match="'oct-cnn' cannot be built with") as raised:
        create_model("oct-cnn", **options)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(("name", "option"), [("nmt", "source_vocabulary"), ("cnn", "dropout")])
def test_a_number_that_is_none_is_one_line(name, option):
    for value in ("many", True, None, float("inf"), float("nan")):
        with pytest.raises(UsageError, match=f"'{name}' option '{option}' is a number, not {value!r}"):
            create_model(name, **{option: value})


@pytest.mark.parametrize("value", [3, "yes", None])
def test_a_switch_that_is_none_is_one_line(value):
    with pytest.raises(UsageError, match=f"'nmt' option 'tied' is true or false, not {value!r}"):
        create_model("nmt", tied=value)


@pytest.mark.parametrize("value", ["target", 3, ("target", 3)])
def test_a_list_of_names_that_is_none_is_one_line(value):
    message = f"'nmt' option 'dropout_at' is a list of names, not {value!r}"
    with pytest.raises(UsageError, match=re.escape(message)):
        create_model("nmt", dropout_at=value)


@pytest.mark.parametrize("shape", [28, (28, 28), (28, "a", 1), (28, 28, 0), (28, 28, True), "28x28"])
def test_a_shape_that_is_none_is_one_line(shape):
    message = f"'cnn' option 'input_shape' is 3 positive numbers, not {shape!r}"
    with pytest.raises(UsageError, match=re.escape(message)):
        create_model("cnn", input_shape=shape)
