"""Look-up of a model's convolutions by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kzoo.errors import UsageError
from kzoo.names import suggestion

if TYPE_CHECKING:
    import keras


def find_convolution(model: keras.Model, name: str | None = None) -> keras.layers.Conv2D:
    """Return the two-dimensional convolution called `name`, the first one if None.

    Raises:
        UsageError: the model has no such convolution.
    """
    import keras

    convolutions = {layer.name: layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)}
    if not convolutions:
        raise UsageError(f"model {model.name!r} has no convolution to draw; choose a model that has one")
    if name is None:
        return next(iter(convolutions.values()))
    if name not in convolutions:
        known = suggestion(name, convolutions)
        raise UsageError(f"model {model.name!r} has no convolution called {name!r}; {known}")
    return convolutions[name]
