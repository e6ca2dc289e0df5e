"""A recurrent network that attends to a memory before each step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import KerasTensor, ops

from kzoo.layers.attention import Attention
from kzoo.types import Shape, Tensor


@keras.saving.register_keras_serializable("kzoo")
class AttentiveRNN(keras.layers.Layer):
    """A recurrent layer whose cell reads, besides its input, the context that its last output attends to.

        c_t = attention(h_{t-1}, memory),    h_t, ... = cell([x_t; c_t], (h_{t-1}, ...))

    (Bahdanau et al., 2015, arXiv 1409.0473; Xu et al., 2015, arXiv 1502.03044, eq. 1; R001 3b.) Keras has no
    such layer: `keras.layers.RNN` passes its cell only inputs and states.

    Args:
        cell: an RNN cell whose first state is its output, for instance `keras.layers.LSTMCell`.
        attention: the attention; its query is the last output of the cell.

    Raises:
        ValueError: the cell or the attention has dropout, which JAX cannot draw in a compiled loop.

    Call arguments:
        sequences: `(batch, steps, features)`.
        memory: `(batch, keys, memory_dim)`.
        initial_state: the states of the cell, each `(batch, units)`.
        memory_mask: `(batch, keys)`, False at masked keys; None masks no key.

    Output: `(batch, steps, units)`.

    Cost: the cell and the attention run once per step; the keys are projected once.
    """

    def __init__(self, cell: keras.Layer, attention: Attention, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if attention.dropout or any(getattr(cell, name, 0) for name in ("dropout", "recurrent_dropout")):
            raise ValueError(
                "AttentiveRNN: neither cell nor attention may have dropout: put keras.layers.Dropout outside"
            )
        self.cell = cell
        self.attention = attention
        self.units = keras.tree.flatten(cell.state_size)[0]

    def build(
        self,
        sequences_shape: Shape,
        memory_shape: Shape,
        initial_state_shape: Any = None,
        memory_mask_shape: Shape | None = None,
    ) -> None:
        """Create the weights of the attention and of the cell."""
        batch, features = sequences_shape[0], sequences_shape[-1]
        if not self.attention.built:  # a layer loaded from a file is built already
            self.attention.build((batch, 1, self.units), memory_shape)
        if not self.cell.built:
            self.cell.build((batch, features + memory_shape[-1]))

    def call(
        self,
        sequences: Tensor,
        memory: Tensor,
        initial_state: list[Tensor],
        memory_mask: Tensor | None = None,
        training: bool | None = None,
    ) -> Tensor:
        """Run the cell over the sequences. The class docstring describes the arguments."""
        keys = self.attention.project_keys(memory)
        keep = None if memory_mask is None else ops.expand_dims(memory_mask, 1)

        def step(x: Tensor, state: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
            query = ops.expand_dims(state[0], 1)
            context, _ = self.attention.attend(query, memory, keys, keep, training)
            return self.cell(ops.concatenate([x, ops.squeeze(context, 1)], axis=-1), state)

        loop = keras.layers.RNN(_Cell(step, self.cell), return_sequences=True, dtype=self.dtype_policy)
        return loop(sequences, initial_state=initial_state)

    def compute_output_spec(
        self,
        sequences: KerasTensor,
        memory: KerasTensor,
        initial_state: list[KerasTensor],
        memory_mask: KerasTensor | None = None,
        training: bool | None = None,
    ) -> KerasTensor:
        """Return the output shape of `call`, in the compute dtype."""
        return KerasTensor((*sequences.shape[:-1], self.units), dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        serialize = keras.saving.serialize_keras_object
        return super().get_config() | {"cell": serialize(self.cell), "attention": serialize(self.attention)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> AttentiveRNN:
        """Create the layer from its config."""
        parts = {name: keras.saving.deserialize_keras_object(config[name]) for name in ("cell", "attention")}
        return cls(**config | parts)


class _Cell:
    """A step function with the interface of a cell for `keras.layers.RNN`."""

    def __init__(self, step: Callable[..., Any], cell: keras.Layer) -> None:
        self.call = self._step = step
        self.compute_dtype, self.state_size = cell.compute_dtype, cell.state_size

    def __call__(self, inputs: Tensor, states: list[Tensor]) -> Any:
        return self._step(inputs, states)
