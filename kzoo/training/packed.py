"""Packed weights: the tested model of a run as one safetensors file, small enough to be shipped."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from kzoo.errors import DataError
from kzoo.files import atomic_write
from kzoo.recipe import ModelSection
from kzoo.registry import create_model

if TYPE_CHECKING:
    import keras

FILE = "weights.safetensors"
"""The file in a run folder that holds packed weights in place of Keras's files of models."""

Precision = Literal["float32", "float16"]
"""The type of the numbers in the file."""


def write_packed(path: Path, weights: Mapping[str, np.ndarray], precision: Precision) -> None:
    """Write weights by their paths in a newly built model, rounded to a precision."""
    from safetensors.numpy import save

    with np.errstate(over="ignore"):  # whether rounding harms the model is measured
        rounded = {name: np.ascontiguousarray(array, precision) for name, array in weights.items()}
    atomic_write(path, lambda temporary: temporary.write_bytes(save(rounded)))


def read_packed(path: Path, section: ModelSection) -> keras.Model:
    """Build the model of a recipe with packed weights, which are float32 again.

    Raises:
        DataError: the file is damaged or holds another model.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        weights = load_file(path)
    except SafetensorError as error:
        raise DataError(f"{path} is damaged ({error}): restore the original file") from error
    model = create_model(section.name, seed=0, **section.options)
    if {weight.path: tuple(weight.shape) for weight in model.weights} != {
        name: array.shape for name, array in weights.items()
    }:
        raise DataError(f"{path} is not the model of the run's recipe, {section.name}")
    for weight in model.weights:
        weight.assign(weights[weight.path].astype(np.float32))
    return model
