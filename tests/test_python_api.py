from __future__ import annotations

import zlib

import numpy as np
import pytest

import kzoo
from kzoo.errors import UsageError


def test_importing_the_package_imports_neither_keras_nor_numpy(python):
    done = python(
        "import sys, kzoo; dir(kzoo); print(sorted({'keras', 'numpy', 'rich', 'typer'} & set(sys.modules)))"
    )
    assert done.stdout == "[]\n", done.stderr


def test_listing_models_imports_no_backend_before_it_must(python):
    code = "import sys, kzoo.registry, kzoo.recipe; kzoo.recipe.list_recipes(); print('keras' in sys.modules)"
    assert python(code).stdout == "False\n"


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("cnn*", ["cnn", "cnn-bn", "cnn-bn-6way", "cnn-bn-flatten"]),
        ("oct-cnn", ["oct-cnn"]),
        ("[mt]*", ["tiny-cnn", "mlp"]),
        ("CNN", []),
    ],
)
def test_patterns_of_names(pattern, names):
    assert kzoo.list_models(pattern) == names


def test_all_names_are_there_and_no_others():
    for name in kzoo.__all__:
        assert getattr(kzoo, name) is not None
    assert dir(kzoo) == sorted(kzoo.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'creat_model'"):
        kzoo.creat_model  # noqa: B018


def test_a_model_maps_images_to_log_probabilities():
    model = kzoo.create_model("cnn-bn-6way", dropout=0.2, seed=42)
    images = np.random.default_rng(1).uniform(size=(3, 48, 48, 3)).astype("float32")
    outputs = np.asarray(model.predict(images, verbose=0))
    assert outputs.shape == (3, 6)
    np.testing.assert_allclose(np.exp(outputs).sum(axis=1), 1, atol=1e-5)


def test_a_model_trains_with_keras_s_own_fit():
    model = kzoo.create_model("tiny-cnn", input_shape=(28, 28, 1), num_classes=3, filters=2, seed=1)
    model.compile("sgd", loss=lambda targets, outputs: -(targets * outputs))
    images = np.random.default_rng(1).uniform(size=(6, 28, 28, 1)).astype("float32")
    history = model.fit(images, np.eye(3, dtype="float32")[[0, 1, 2] * 2], epochs=3, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]


def test_a_seed_gives_the_same_weights_whatever_was_drawn_before():
    first = kzoo.create_model("mlp", hidden_units=7, seed=5).get_weights()
    kzoo.create_model("tiny-cnn")
    again = kzoo.create_model("mlp", hidden_units=7, seed=5).get_weights()
    other = kzoo.create_model("mlp", hidden_units=7, seed=6).get_weights()
    for ours, theirs, others in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(ours, theirs)
        assert not np.array_equal(ours, others)


def test_mistakes_name_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'cnn-bn'"):
        kzoo.create_model("cnn-nb")
    with pytest.raises(UsageError, match="did you mean 'dropout'"):
        kzoo.create_model("cnn", droput=0.2)
    with pytest.raises(UsageError, match="did you mean 'mlp'"):
        kzoo.card("mpl")


@pytest.fixture
def own_zoo(monkeypatch):
    """Let a test register models that are removed again at its end."""
    from kzoo import registry

    registry.default_options("cnn")  # imports the builders of the zoo, which must stay registered
    monkeypatch.setattr(registry, "_MODELS", dict(registry._MODELS))


def test_a_model_of_one_s_own_joins_the_zoo(own_zoo):
    card = kzoo.ModelCard("linear", "image classification", "mine", "dense 10", parameters=7850)

    @kzoo.register_model(card)
    def linear(input_shape=(28, 28, 1), num_classes=10):
        import keras

        inputs = keras.Input(input_shape)
        return keras.Model(inputs, keras.layers.Dense(num_classes)(keras.layers.Flatten()(inputs)))

    assert kzoo.list_models("lin*") == ["linear"]
    assert kzoo.create_model("linear", seed=1).count_params() == 7850
    bounds = {name: 1 / 28 if name == "pytorch" else (6 / 794) ** 0.5 for name in ("pytorch", "keras")}
    for convention, bound in bounds.items():
        kernel, _ = kzoo.create_model("linear", seed=1, convention=convention).get_weights()
        assert 0.99 * bound < abs(kernel).max() <= bound
    with pytest.raises(ValueError, match="'linear' is registered already"):
        kzoo.register_model(card)(linear)


def test_a_name_of_the_zoo_is_taken_before_its_builders_are_there(python):
    code = """
import kzoo
try:
    kzoo.register_model(kzoo.ModelCard("cnn", "image classification", "mine", "dense", parameters=0))(None)
except ValueError as error:
    print(error)
"""
    assert python(code).stdout == "a model named 'cnn' is registered already\n"


def test_variants_differ_in_their_defaults(own_zoo):
    def build(units=3, twice=False, name="dense"):
        import keras

        inputs = keras.Input((5,))
        outputs = keras.layers.Dense(units, name="one")(inputs)
        return keras.Model(
            inputs, keras.layers.Dense(units, name="two")(outputs) if twice else outputs, name=name
        )

    for name, defaults in {"once": {}, "twice": {"twice": True}, "wide": {"units": 7}}.items():
        card = kzoo.ModelCard(name, "image classification", "mine", "dense", parameters=0)
        kzoo.register_model(card, **defaults)(build)
    counts = {name: kzoo.create_model(name).count_params() for name in ("once", "twice", "wide")}
    assert counts == {"once": 18, "twice": 30, "wide": 42}
    assert kzoo.create_model("twice").name == "twice"
    assert kzoo.create_model("wide", units=2).count_params() == 12
    with pytest.raises(UsageError, match="has no option 'unit'; did you mean 'units'"):
        kzoo.create_model("once", unit=2)


def test_layers_that_have_no_draw_of_their_own_follow_from_the_seed_too(own_zoo):
    import keras

    card = kzoo.ModelCard("gated", "image classification", "mine", "a GRU", parameters=0)

    @kzoo.register_model(card)
    def gated(units=5):
        inputs = keras.Input((3, 7))
        x = keras.layers.GRU(units, name="gru")(inputs)
        he = keras.layers.Dense(units, kernel_initializer="he_normal", name="he")(x)
        return keras.Model(inputs, keras.layers.Dense(units, kernel_initializer=small, name="small")(he))

    small = keras.initializers.RandomNormal(mean=2.0, stddev=1e-3)
    first, again, other = (kzoo.create_model("gated", seed=seed) for seed in (1, 1, 2))
    for ours, theirs, others in zip(first.weights, again.weights, other.weights, strict=True):
        ours, theirs, others = map(keras.ops.convert_to_numpy, (ours, theirs, others))
        np.testing.assert_array_equal(ours, theirs)
        assert not ours.any() or not np.array_equal(ours, others)
    kernel, bias = first.get_layer("small").get_weights()
    rng = np.random.default_rng([1, zlib.crc32(b"small")])
    np.testing.assert_array_equal(kernel, rng.normal(2.0, 1e-3, (5, 5)).astype("float32"))
    assert 0 < abs(bias).max() <= 5**-0.5  # PyTorch's initialisation
    he = first.get_layer("he").kernel
    assert 0.3 < keras.ops.std(he) < 1  # .63 for he_normal, .26 for the convention's U(+-.45)


def test_the_parameters_of_any_layer_are_counted():
    import keras

    from kzoo.parameters import count_layer

    inputs = keras.Input((9, 8, 3))
    separable = keras.layers.SeparableConv2D(4, 3, name="separable")
    plain = keras.layers.Conv2D(5, 2, use_bias=False, name="plain")
    plain(separable(inputs))
    assert count_layer(separable).formula == "3 x 3 x 3 x 1 + 1 x 1 x 3 x 4 + 4"
    assert count_layer(separable).trainable == 43
    assert count_layer(plain).formula == "2 x 2 x 4 x 5"
