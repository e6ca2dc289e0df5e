from __future__ import annotations

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


def test_a_model_of_one_s_own_joins_the_zoo(monkeypatch):
    from kzoo import registry

    monkeypatch.setattr(registry, "_MODELS", dict(registry._entries()))
    card = kzoo.ModelCard("linear", "image classification", "mine", "dense 10", parameters=7850)

    @kzoo.register_model(card)
    def linear(input_shape=(28, 28, 1), num_classes=10, convention="pytorch"):
        import keras

        inputs = keras.Input(input_shape)
        return keras.Model(inputs, keras.layers.Dense(num_classes)(keras.layers.Flatten()(inputs)))

    assert kzoo.list_models("lin*") == ["linear"]
    assert kzoo.create_model("linear", seed=1).count_params() == 7850
    with pytest.raises(ValueError, match="'linear' is registered already"):
        kzoo.register_model(card)(linear)
