"""The mapping between the weights of Keras's models and those of their PyTorch twins, in both directions.

Keras's weights are named by the paths of their variables, PyTorch's by the keys of a `state_dict`. The
layouts are converted with NumPy; importing this module does not import Keras.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from kzoo.pytorch.names import key_in_module, torch_name

if TYPE_CHECKING:
    import keras

Arrays = Mapping[str, np.ndarray]

_KERNELS = ("kernel", "recurrent_kernel")

_DEPTHWISE = "depthwise"
"""The end of the name of a depthwise convolution, whose kernel has no axis of outputs."""


def torch_layout(module: torch.nn.Module, arrays: Arrays) -> dict[str, np.ndarray]:
    """Convert arrays by the paths of Keras's variables to the keys and layout of a `state_dict`.

    They may be weights or gradients. A convolution's kernel changes from (height, width, in, out) to (out,
    in, height, width), in one dimension from (width, in, out) to (out, in, width), a depthwise kernel from
    (height, width, out, 1) to (out, 1, height, width), a dense kernel from (in, out) to (out, in). The rows
    of the first dense layer after a flatten change from (height, width, channels) to (channels, height,
    width). An LSTM's kernels change like dense kernels, because the order of the gates is the same. Its
    single bias becomes the first of PyTorch's two.
    """
    known = module.state_dict()
    return {
        _key(path, known): np.ascontiguousarray(_to_torch(array, path, _flattened(module)))
        for path, array in arrays.items()
    }


def keras_layout(
    module: torch.nn.Module, state: Mapping[str, torch.Tensor], shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, np.ndarray]:
    """Convert a `state_dict` to arrays by the paths of Keras's variables; the inverse of `torch_layout`.

    The single bias of Keras's LSTM is the sum of PyTorch's two.

    Args:
        module: the twin, whose names are used.
        state: its `state_dict`, or one with the same keys.
        shapes: the shapes of Keras's variables by their paths.

    Raises:
        KeyError: the state lacks a key.
    """
    known, arrays = module.state_dict(), {}
    for path, shape in shapes.items():
        key = _key(path, known)
        array = state[key].numpy(force=True)
        if (second := key.replace("bias_ih", "bias_hh")) != key:
            array = array + state[second].numpy(force=True)
        arrays[path] = _to_keras(array, path, shape, _flattened(module))
    return arrays


def load_weights(module: torch.nn.Module, arrays: Arrays) -> None:
    """Load the weights and moving averages of a Keras model, by their paths, into a twin.

    The second bias of each LSTM becomes 0. The batch counters of batch normalisation are kept.

    Raises:
        RuntimeError: names or shapes differ.
    """
    known = module.state_dict()
    kept = {key: value for key, value in known.items() if value.ndim == 0}
    second_biases = {key: torch.zeros_like(value) for key, value in known.items() if "bias_hh" in key}
    given = {key: torch.from_numpy(array) for key, array in torch_layout(module, arrays).items()}
    module.load_state_dict(given | kept | second_biases)


def copy_to_twin(model: keras.Model, module: torch.nn.Module) -> None:
    """Copy the weights of a Keras model to its twin.

    The model must be built, not loaded from a file: the paths of a loaded model lack the outer names.

    Raises:
        RuntimeError: names or shapes differ.
    """
    load_weights(module, {weight.path: _as_array(weight) for weight in model.weights})


def copy_from_twin(module: torch.nn.Module, model: keras.Model) -> None:
    """Copy the weights of a twin to its Keras model, which must be built, not loaded (see `copy_to_twin`).

    Raises:
        KeyError: the twin lacks a weight.
        ValueError: shapes differ.
    """
    shapes = {weight.path: tuple(weight.shape) for weight in model.weights}
    arrays = keras_layout(module, module.state_dict(), shapes)
    for weight in model.weights:
        weight.assign(arrays[weight.path])


def _as_array(weight: Any) -> np.ndarray:
    import keras

    return keras.ops.convert_to_numpy(weight)


def _key(path: str, known: Mapping[str, Any]) -> str:
    *layers, name = path.split("/")
    return key_in_module(torch_name(layers, name), known)


def _flattened(module: torch.nn.Module) -> tuple[int, int, int] | None:
    """Return the shape of the input of `fc1` before it is flattened: height, width, channels."""
    return getattr(module, "flattened", None)


def _to_torch(array: np.ndarray, path: str, flattened: tuple[int, int, int] | None) -> np.ndarray:
    *_, layer, name = f"/{path}".split("/")
    if name not in _KERNELS:
        return array
    if layer.endswith(_DEPTHWISE):
        return array.transpose(2, 3, 0, 1)
    if array.ndim == 4:
        return array.transpose(3, 2, 0, 1)
    if layer == "fc1" and flattened is not None:
        array = array.reshape(*flattened, -1).transpose(2, 0, 1, 3).reshape(array.shape)
    return array.T


def _to_keras(
    array: np.ndarray, path: str, shape: tuple[int, ...], flattened: tuple[int, int, int] | None
) -> np.ndarray:
    *_, layer, name = f"/{path}".split("/")
    if name not in _KERNELS:
        return array
    if layer.endswith(_DEPTHWISE):
        return array.transpose(2, 3, 0, 1)
    if len(shape) == 4:
        return array.transpose(2, 3, 1, 0)
    if layer == "fc1" and flattened is not None:
        height, width, channels = flattened
        return array.reshape(-1, channels, height, width).transpose(2, 3, 1, 0).reshape(shape)
    return array.T
