"""Attention whose score has weights."""

from __future__ import annotations

from typing import Any

import keras

from kzoo.layers.attention import Attention


class ProjectedAttention(Attention):
    """An attention with linear projections in its score.

    Args:
        use_bias: have biases, zero at first.
        kernel_initializer: of the kernels.
        dropout, seed, call arguments: see `kzoo.layers.attention.Attention`.
    """

    def __init__(
        self,
        use_bias: bool = False,
        kernel_initializer: Any = "glorot_uniform",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(dropout=dropout, seed=seed, **kwargs)
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def add_projection(
        self,
        name: str,
        features: int | None,
        units: int | None,
        initializer: keras.initializers.Initializer | None = None,
    ) -> keras.layers.Dense:
        """A linear map of `features` to `units`, its kernel by an initialiser in place of the layer's own."""
        projection = keras.layers.Dense(
            units,
            use_bias=self.use_bias,
            # A clone without a seed draws numbers of its own; one instance would draw the same for all.
            kernel_initializer=(initializer or self.kernel_initializer).clone(),
            dtype=self.dtype_policy,
            name=name,
        )
        projection.build((None, features))
        return projection

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return super().get_config() | {
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
