"""The names of Keras's weights in the PyTorch twins."""

from __future__ import annotations

import re
from collections.abc import Container

NAMES = {
    "embeddings": "weight",
    "table": "weight",
    "kernel": "weight",
    "gamma": "weight",
    "bias": "bias",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}

LSTM_NAMES = {"kernel": "weight_ih_l0", "recurrent_kernel": "weight_hh_l0", "bias": "bias_ih_l0"}

PROJECTIONS = ("query", "key", "value", "output")


def torch_name(layers: list[str], name: str) -> str:
    """Return the `state_dict` key of a variable; `layers` lists its layers from the outermost."""
    if layers[-1] == "lstm_cell":
        reverse = "_reverse" if layers[-2].startswith("backward") else ""
        return f"{layers[0]}.{LSTM_NAMES[name]}{reverse}"
    if layers == ["output_bias"]:
        return "output_bias"
    return ".".join([*_modules(layers), NAMES[name]])


def key_in_module(key: str, known: Container[str]) -> str:
    """Return the form of a key that occurs in a module's `state_dict`.

    The keys of an `nn.LSTMCell` have no layer number, and a captioner's convolutions belong to its encoder.
    """
    return next((name for name in (key, f"encoder.{key}") if name in known), key.removesuffix("_l0"))


def _modules(layers: list[str]) -> list[str]:
    """Return the modules of a weight, from the outermost."""
    first, *others = layers
    if layers[:2] == ["decoder", "attention"]:  # in a captioning model
        return others
    if block := re.fullmatch(r"block(\d+)_(\w+)", first):  # in the encoder of a speech model
        return ["blocks", str(int(block[1]) - 1), block[2], *others]
    if first.startswith("mlp") or first == "attention_norm" or (others and others[0] in PROJECTIONS):
        return layers if first == "decoder" else ["block", *layers]
    return layers
