"""The layer that combines the output of a decoder with its attention context."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kzoo.types import Shape, Tensor


@keras.saving.register_keras_serializable("kzoo")
class AttentionalOutput(keras.layers.Layer):
    """The attentional vector of a decoder (Luong et al., 2015, eq. 5; R000, R002 3.1b, R003 3.2).

        out = tanh(W_o [q; c] + b)

    Args:
        units: the length of the output.
        activation: the activation, tanh by default.
        use_bias: whether to add b, which starts at zero.
        kernel_initializer: the initialiser of W_o `(query_dim + context_dim, units)`.

    Call arguments: query `(..., query_dim)` and context `(..., context_dim)`. Output: `(..., units)`.
    """

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if units < 1:
            raise ValueError(f"AttentionalOutput: units must be positive, not {units}")
        self.units = units
        self.activation = keras.activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.supports_masking = True

    def build(self, query_shape: Shape, context_shape: Shape) -> None:
        """Create W_o and b."""
        self.projection = keras.layers.Dense(
            self.units,
            activation=self.activation,
            use_bias=self.use_bias,
            kernel_initializer=self.kernel_initializer,
            dtype=self.dtype_policy,
            name="projection",
        )
        self.projection.build((None, query_shape[-1] + context_shape[-1]))

    def call(self, query: Tensor, context: Tensor) -> Tensor:
        """Return tanh(W_o [q; c] + b)."""
        return self.projection(ops.concatenate([query, context], axis=-1))

    def compute_output_shape(self, query_shape: Shape, context_shape: Shape) -> Shape:
        """Return the query's shape with `units` features."""
        return (*query_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return super().get_config() | {
            "units": self.units,
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
