"""The base class of attentions whose score has weights."""

from __future__ import annotations

from typing import Any

import keras

from kzoo.layers.attention import Attention


class ProjectedAttention(Attention):
    """Base class of attentions with linear projections in their score.

    Args:
        use_bias: whether the projections have biases, which start at zero.
        kernel_initializer: the initialiser of the kernels.
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
        """Create a projection of `features` to `units`; `initializer` overrides `kernel_initializer`."""
        projection = keras.layers.Dense(
            units,
            use_bias=self.use_bias,
            # Clones without a seed draw different numbers; one shared instance would draw the same for all.
            kernel_initializer=(initializer or self.kernel_initializer).clone(),
            dtype=self.dtype_policy,
            name=name,
        )
        projection.build((None, features))
        return projection

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return super().get_config() | {
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
