"""Every public layer and feature map gives every argument of its constructor back."""

from __future__ import annotations

import inspect
import json
from typing import Any

import keras
import pytest

import kzoo.layers
from kzoo.layers import (
    Attention,
    BahdanauAttention,
    FeatureMap,
    LinearAttention,
    MaclaurinFeatureMap,
)

OTHER = {
    "activation": "relu",
    "attention": BahdanauAttention(3),
    "cell": keras.layers.GRUCell(7),
    "dropout": 0.3,
    "dtype": "mixed_bfloat16",
    "epsilon": 0.01,
    "feature_map": MaclaurinFeatureMap(5, merged=False),
    "hop": 90,
    "key_bias": False,
    "kernel_initializer": keras.initializers.HeUniform(seed=5),
    "length": 19,
    "mel_rate": 8_000,
    "mels": 17,
    "merged": False,
    "momentum": 0.7,
    "n_fft": 200,
    "name": "other",
    "num_heads": 3,
    "rate": 22_050,
    "scaled": False,
    "scorer_initializer": keras.initializers.RandomNormal(stddev=0.25, seed=7),
    "seed": 11,
    "terms": 5,
    "trainable": False,
    "units": 13,
    "use_bias": {True: False, False: True},
}
"""A value for each argument that is not its default; for a switch, by its default."""

REFUSED = {LinearAttention: {"dropout"}}
"""What a layer inherits and cannot have."""

PUBLIC = [getattr(kzoo.layers, name) for name in kzoo.layers.__all__]
KINDS = [
    kind
    for kind in PUBLIC
    if isinstance(kind, type)
    and issubclass(kind, keras.layers.Layer | FeatureMap)
    and kind not in (Attention, FeatureMap)
]


def arguments(kind: type) -> dict[str, Any]:
    """The name and default of each argument, those of the classes it inherits from too."""
    found: dict[str, Any] = {}
    for parent in kind.__mro__:
        if parent.__module__.startswith("keras."):
            return found | {"name": None, "dtype": None, "trainable": True}
        if "__init__" in vars(parent) and parent is not object:
            for parameter in list(inspect.signature(parent.__init__).parameters.values())[1:]:
                if parameter.kind is not parameter.VAR_KEYWORD:
                    found.setdefault(parameter.name, parameter.default)
    return found


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_argument_survives(kind):
    names = {name: default for name, default in arguments(kind).items() if name not in REFUSED.get(kind, ())}
    assert names.keys() <= OTHER.keys(), "give the new argument another value than its default in OTHER"
    options = {name: OTHER[name] for name in names}
    if "use_bias" in options:
        options["use_bias"] = OTHER["use_bias"][names["use_bias"]]
    config = kind(**options).get_config()
    plain = kind(
        **{name: OTHER[name] for name, default in names.items() if default is inspect.Parameter.empty}
    )
    for name, default in names.items():
        assert name in config
        if default is not inspect.Parameter.empty:
            assert config[name] != plain.get_config()[name], name
        else:
            assert config[name] == keras.saving.serialize_keras_object(OTHER[name]), name
    through_a_file = json.loads(json.dumps(config))
    assert kind.from_config(through_a_file).get_config() == config
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(kind(**options)))
    assert type(again) is kind
    assert again.get_config() == config
