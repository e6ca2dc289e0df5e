"""Keras's arrays in PyTorch's names and layouts: initial weights and gradients alike."""

from __future__ import annotations

from collections.abc import Iterable

import keras
import numpy as np
import torch

from .names import in_module, torch_name


def torch_layout(
    model: keras.Model, variables: Iterable[keras.Variable], arrays: Iterable[np.ndarray]
) -> dict[str, np.ndarray]:
    """Arrays that belong to a model's variables, keyed and laid out as in a `state_dict`.

    A convolution's kernel goes from (height, width, in, out) to (out, in, height, width), in one dimension
    from (width, in, out) to (out, in, width), a dense one from (in, out) to (out, in). The rows of the first
    dense layer after a flatten go from (height, width, channels) to (channels, height, width). An LSTM's
    kernels go like dense ones, for its gates stand in the same order; its one bias is the first of PyTorch's
    two.
    """
    flattened = {
        layer.name: layer.input.shape[1:] for layer in model.layers if isinstance(layer, keras.layers.Flatten)
    }
    placed = {}
    for variable, array in zip(variables, arrays, strict=True):
        *layers, name = variable.path.split("/")
        if name == "kernel" and array.ndim == 4:
            array = array.transpose(3, 2, 0, 1)
        elif name == "kernel" and array.ndim == 3:
            array = array.T
        elif name in ("kernel", "recurrent_kernel"):
            if layers == ["fc1"] and flattened:
                height, width, channels = flattened["flatten"]
                array = array.reshape(height, width, channels, -1).transpose(2, 0, 1, 3)
            array = array.reshape(-1, array.shape[-1]).T
        placed[torch_name(layers, name)] = np.ascontiguousarray(array)
    return placed


def copy_weights(model: keras.Model, module: torch.nn.Module) -> None:
    """Give a module the weights and moving averages of a Keras model.

    Raises:
        RuntimeError: their names or shapes differ.
    """
    variables = model.weights
    arrays = torch_layout(model, variables, map(keras.ops.convert_to_numpy, variables))
    known = module.state_dict()
    kept = {name: value for name, value in known.items() if value.ndim == 0}
    second_biases = {name: torch.zeros_like(value) for name, value in known.items() if "bias_hh" in name}
    given = {name: torch.from_numpy(array) for name, array in in_module(arrays, known).items()}
    module.load_state_dict(given | kept | second_biases)
