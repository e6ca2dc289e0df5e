"""Variables of Keras whose random initial values are drawn later, or never."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np

if TYPE_CHECKING:
    import keras

Waiting = Sequence[tuple["keras.Variable", Callable[..., Any]]]
"""Variables that are zero so far, each with its random initialiser."""


@contextmanager
def drawn_later() -> Iterator[Waiting]:
    """Let variables with a random initialiser begin at zero within the context, and list them.

    Loading a model, or `draw_weights`, replaces the initial values at once. JAX would need 1 to 2 s for each
    model to draw them first, because it compiles a draw for each shape. Keras 3.15 has no public way to leave
    the draws out, so its class of variables is patched.
    """
    from keras.src import backend
    from keras.src.initializers.random_initializers import RandomInitializer

    waiting: list[tuple[keras.Variable, Callable[..., Any]]] = []
    initialize = backend.Variable._initialize_with_initializer

    def initialize_or_wait(variable: keras.Variable, initializer: Callable[..., Any]) -> None:
        if isinstance(initializer, RandomInitializer):
            waiting.append((variable, initializer))
            initializer = np.zeros
        initialize(variable, initializer)

    with patch.object(backend.Variable, "_initialize_with_initializer", initialize_or_wait):
        yield waiting
