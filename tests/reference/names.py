"""Keras's names of weights in PyTorch."""

from __future__ import annotations

NAMES = {
    "embeddings": "weight",
    "kernel": "weight",
    "gamma": "weight",
    "bias": "bias",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}

LSTM_NAMES = {"kernel": "weight_ih_l0", "recurrent_kernel": "weight_hh_l0", "bias": "bias_ih_l0"}


def torch_name(layers: list[str], name: str) -> str:
    """The key in a `state_dict` of a variable of these layers, the outer first."""
    if layers[-1] == "lstm_cell":
        reverse = "_reverse" if layers[-2].startswith("backward") else ""
        return f"{layers[0]}.{LSTM_NAMES[name]}{reverse}"
    if layers == ["output_bias"]:
        return "output_bias"
    return ".".join([*layers, NAMES[name]])
