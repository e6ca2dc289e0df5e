"""Keras's names of weights in their PyTorch twins."""

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
    """The key in a `state_dict` of a variable of these layers, the outer first; see `key_in_module` too."""
    if layers[-1] == "lstm_cell":
        reverse = "_reverse" if layers[-2].startswith("backward") else ""
        return f"{layers[0]}.{LSTM_NAMES[name]}{reverse}"
    if layers == ["output_bias"]:
        return "output_bias"
    return ".".join([*_modules(layers), NAMES[name]])


def key_in_module(key: str, known: Container[str]) -> str:
    """A key as a module knows it.

    An `nn.LSTMCell` has no number of a layer, and a captioner's convolutions are its encoder's.
    """
    return next((name for name in (key, f"encoder.{key}") if name in known), key.removesuffix("_l0"))


def _modules(layers: list[str]) -> list[str]:
    """The modules of a weight, the outer first."""
    first, *others = layers
    if layers[:2] == ["decoder", "attention"]:  # of a captioner
        return others
    if block := re.fullmatch(r"block(\d+)_(\w+)", first):  # of a recogniser's encoder
        return ["blocks", str(int(block[1]) - 1), block[2], *others]
    if first.startswith("mlp") or first == "attention_norm" or (others and others[0] in PROJECTIONS):
        return layers if first == "decoder" else ["block", *layers]
    return layers
