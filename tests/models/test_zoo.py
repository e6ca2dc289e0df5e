"""What every model of the registry keeps, without a word about any one of them."""

from __future__ import annotations

import zlib
from importlib.util import find_spec

import keras
import numpy as np
import pytest
from gradients import differentiate

from kzoo.errors import UsageError
from kzoo.recipe import list_recipes, load_recipe
from kzoo.registry import card, check_options, create_model, list_models, outline_model
from kzoo.reporting.parameters import trainable_count
from kzoo.runtime import BACKENDS

MODELS = list_models()


def arrays(model: keras.Model) -> list[np.ndarray]:
    return [keras.ops.convert_to_numpy(weight) for weight in model.weights]


def images(count: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(count).random((count, *shape), dtype=np.float32)


@pytest.mark.parametrize("name", MODELS)
def test_has_the_parameters_its_card_promises(name):
    promised = card(name)
    assert trainable_count(outline_model(name)) == promised.parameters
    assert promised.published in (promised.parameters, None) or promised.note


@pytest.mark.parametrize("name", MODELS)
def test_outline_has_the_shapes_of_the_model(name):
    outline, model = outline_model(name), create_model(name, seed=0)
    assert [weight.shape for weight in outline.weights] == [weight.shape for weight in model.weights]
    assert trainable_count(outline) == trainable_count(model)


@pytest.mark.parametrize("name", MODELS)
def test_fits_other_images_and_every_weight_has_a_gradient(name):
    model = create_model(name, seed=0, input_shape=(37, 31, 2), num_classes=7)
    batch, labels = images(3, 37, 31, 2), np.array([0, 3, 6], "int32")
    # In inference: the offset of a convolution is lost in the batch normalisation that follows it.
    outputs, gradients = differentiate(model, batch, labels, training=False)
    assert outputs.shape == (3, 7)
    np.testing.assert_allclose(np.exp(outputs).sum(axis=-1), 1, atol=1e-5)
    for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
        assert np.isfinite(gradient).all(), variable.path
        assert np.abs(gradient).max() > 0, variable.path


@pytest.mark.parametrize("name", MODELS)
def test_has_a_recipe_of_its_own_name(name):
    assert name in list_recipes()
    recipe = load_recipe(name)
    assert (recipe.name, recipe.model.name) == (name, name)
    check_options(name, recipe.model.options)


def expected_weights(model: keras.Model, seed: int, convention: str) -> list[np.ndarray]:
    """The documented draws, spelled out: a generator for each layer, the kernel first."""
    weights = []
    for layer in model.layers:
        rng = np.random.default_rng([seed, zlib.crc32(layer.name.encode())])
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense):
            *window, inputs, outputs = layer.kernel.shape
            fan_in, fan_out = np.prod([*window, inputs]), np.prod([*window, outputs])
            torch_bound = 1 / np.sqrt(fan_in)
            bound = torch_bound if convention == "pytorch" else np.sqrt(6 / (fan_in + fan_out))
            weights.append(rng.uniform(-bound, bound, layer.kernel.shape))
            bias = rng.uniform(-torch_bound, torch_bound, outputs)
            weights.append(bias if convention == "pytorch" else np.zeros(outputs))
        elif isinstance(layer, keras.layers.BatchNormalization):
            ones = np.ones(layer.gamma.shape)
            weights += [ones, 0 * ones, 0 * ones, ones]
    return [weight.astype("float32") for weight in weights]


@pytest.mark.parametrize("convention", ["pytorch", "keras"])
@pytest.mark.parametrize("name", MODELS)
def test_starts_where_its_seed_and_convention_say(name, convention):
    model = create_model(name, seed=3, convention=convention)
    for weight, array, expected in zip(
        model.weights, arrays(model), expected_weights(model, 3, convention), strict=True
    ):
        np.testing.assert_array_equal(array, expected, err_msg=weight.path)


def test_convention_sets_the_constants_of_batch_normalisation():
    constants = {
        convention: {
            (layer.momentum, layer.epsilon)
            for layer in outline_model("cnn-bn", convention=convention).layers
            if isinstance(layer, keras.layers.BatchNormalization)
        }
        for convention in ("keras", "pytorch")
    }
    assert constants == {"keras": {(0.99, 1e-3)}, "pytorch": {(0.9, 1e-5)}}


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
    model, batch = keras.saving.load_model(path), np.load(path.with_suffix(".npy"))
    np.save(path.with_suffix(".outputs.npy"), model.predict(batch, verbose=0))
"""


@pytest.mark.parametrize("imports", ["import keras, kzoo", "import kzoo, keras"])
def test_saved_models_load_with_keras(imports, python, tmp_path):
    outputs = {}
    for name in MODELS:
        model = create_model(name, seed=0)
        batch = images(2, *model.input_shape[1:])
        outputs[name] = model.predict(batch, verbose=0)
        model.save(tmp_path / f"{name}.keras")
        np.save(tmp_path / f"{name}.npy", batch)
    done = python(LOAD.format(imports=imports), FOLDER=str(tmp_path))
    assert done.exit_code == 0, done.stderr
    for name, expected in outputs.items():
        loaded = np.load(tmp_path / f"{name}.outputs.npy")
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
