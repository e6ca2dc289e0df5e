"""The speech recognition models of R004 3: an encoder of spectrograms and a decoder of characters.

A model maps `frames` `(batch, time, mels)`, log-mel spectra, and `target_ids` `(batch, length)`, the
character before each position, to log-probabilities `(batch, length, vocabulary)` of the character at that
position, in float32. A frame of zeros is padding; real frames are never all zeros.

    x = GELU(conv_2(GELU(conv_1(frames))))      width 3, conv_2 with stride 2, both padded by 1
    memory = LN(block_2(block_1(x + sinusoids)))
    block(x) = y + MLP(LN(y)),    y = x + attention(LN(x))      MLP(x) = W_2 GELU(W_1 x + b_1) + b_2

There are two decoders, on the embeddings e_t of the preceding characters:

    recurrent:      d_t = LSTM(LN(e_t))
    self-attention: d_t = x_t + attention(LN(x_t) over LN(x_1..x_t)),    x_t = e_t + position_t
    log p_t = log_softmax(W LN(z_t + MLP(LN(z_t))) + b),    z_t = d_t + attention(LN(d_t) over memory)

The encoder is Whisper's (Radford et al., 2022, arXiv 2212.04356), whose keys have no bias. Frames of padding
are masked. The published code has no mask, as `masked=False` reproduces: then the model also attends to
padding, and every clip must be padded to the same length.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import KerasTensor, layers, ops

from kzoo.decoding.step import State, Step
from kzoo.inputs import TARGET
from kzoo.layers import (
    Attention,
    EluFeatureMap,
    LearnedPositions,
    LinearAttention,
    MultiHeadAttention,
    PaddingMask,
    Sinusoids,
    create_attention,
)
from kzoo.models.catalog import CARDS
from kzoo.models.lstm import lstm_step, token_table
from kzoo.registry import register_model
from kzoo.types import Tensor

LONGEST = 98
"""The maximum number of characters in an output, including the end token."""

EPSILONS = {"keras": 1e-3, "pytorch": 1e-5}
"""The epsilon of layer normalisation, by convention."""


def recogniser(
    vocabulary: int = 35,
    mels: int = 80,
    units: int = 200,
    heads: int = 2,
    blocks: int = 2,
    attention: str = "none",
    input_norm: bool = True,
    dropout: float = 0.0,
    masked: bool = True,
    convention: str = "pytorch",
    name: str = "recogniser",
) -> keras.Model:
    """Build the training graph, with Keras's initial weights.

    Args:
        vocabulary: the number of characters, including the special ones.
        mels: the number of mel bands of a frame.
        units: the units of every layer; the hidden layer of an MLP has twice as many.
        heads: the number of heads of each attention.
        blocks: the number of blocks of the encoder.
        attention: "none" for the recurrent decoder, or the name of the registered attention that the
            self-attention decoder uses. The linear one, with elu(x) + 1, decodes in constant memory.
        input_norm: whether the inputs of the LSTM are normalised; the author's code did not do so.
        dropout: the dropout rate of each sub-layer's output, in [0, 1); the published models have none.
        masked: whether padding is masked.
        convention: the framework whose layer normalisation is used, see `EPSILONS`.

    Raises:
        ValueError: the attention is unknown.
    """
    build = _Blocks(units, heads, dropout, EPSILONS[convention])
    frames = keras.Input((None, mels), name="frames")
    target_ids = keras.Input((None,), dtype="int32", name=TARGET)
    mask = PaddingMask(name="mask")(frames) if masked else None
    memory = _encode(build, frames, mask, blocks)
    heard = None if mask is None else mask[:, ::2]
    x = layers.Embedding(vocabulary, units, name="target_embedding")(target_ids)
    attend = create_attention(attention, units // heads, **_options_of(attention))
    if attend is None:
        x = build.norm("decoder_norm", x) if input_norm else x
        x = layers.LSTM(units, return_sequences=True, name="decoder")(x)
    else:
        x = LearnedPositions(LONGEST, name="positions")(x)
        x = build.attend("decoder", x, attention=attend, use_causal_mask=True)
    x = build.attend("attention", x, memory, value_mask=heard)
    x = build.norm("output_norm", build.transform("mlp", x))
    logits = layers.Dense(vocabulary, name="output")(x)
    outputs = layers.Activation("log_softmax", dtype="float32", name="log_probabilities")(logits)
    return keras.Model({"frames": frames, TARGET: target_ids}, outputs, name=name)


def _options_of(attention: str) -> dict[str, Any]:
    options: dict[str, Any] = {"name": None}  # the cross-attention has the name "attention"
    return options | ({"feature_map": EluFeatureMap()} if attention == "linear" else {})


def _encode(build: _Blocks, frames: KerasTensor, mask: KerasTensor | None, blocks: int) -> KerasTensor:
    """Return the memory `(batch, time / 2 rounded up, units)`."""
    x = layers.Conv1D(build.units, 3, padding="same", name="conv1")(frames)
    x = layers.Activation("gelu", name="conv1_gelu")(x)
    if mask is not None:
        x = ops.where(mask[..., None], x, 0.0)  # the bias of conv1 makes padding non-zero
    x = layers.ZeroPadding1D(1, name="conv2_padding")(x)
    x = layers.Conv1D(build.units, 3, strides=2, name="conv2")(x)
    x = layers.Activation("gelu", name="conv2_gelu")(x)
    x = Sinusoids(name="sinusoids")(x)
    heard = None if mask is None else mask[:, ::2]
    for index in range(1, blocks + 1):
        x = build.attend(f"block{index}_attention", x, value_mask=heard)
        x = build.transform(f"block{index}_mlp", x)
    return build.norm("memory", x)


class _Blocks:
    """The residual sub-layers of encoder and decoder."""

    def __init__(self, units: int, heads: int, dropout: float, epsilon: float) -> None:
        self.units, self.heads, self.dropout, self.epsilon = units, heads, dropout, epsilon

    def norm(self, name: str, x: KerasTensor) -> KerasTensor:
        """Return LN(x)."""
        return layers.LayerNormalization(epsilon=self.epsilon, name=name)(x)

    def attend(
        self,
        name: str,
        x: KerasTensor,
        memory: KerasTensor | None = None,
        attention: Attention | None = None,
        **masks: KerasTensor | bool | None,
    ) -> KerasTensor:
        """Return x + attention(LN(x) over the memory, or over itself)."""
        normed = self.norm(f"{name}_norm", x)
        layer = MultiHeadAttention(self.heads, attention, key_bias=False, name=name)
        return self._add(name, x, layer(normed, normed if memory is None else memory, **masks))

    def transform(self, name: str, x: KerasTensor) -> KerasTensor:
        """Return x + MLP(LN(x))."""
        hidden = layers.Dense(2 * self.units, activation="gelu", name=f"{name}_hidden")
        return self._add(name, x, layers.Dense(self.units, name=name)(hidden(self.norm(f"{name}_norm", x))))

    def _add(self, name: str, x: KerasTensor, change: KerasTensor) -> KerasTensor:
        return x + layers.Dropout(self.dropout, seed=0, name=f"{name}_dropout")(change)


def encoder_graph(model: keras.Model) -> keras.Model:
    """Return the encoder: `frames` to `memory` `(batch, time / 2, units)` and any `mask` `(batch, time)`."""
    encoded = {"memory": model.get_layer("memory").output}
    if _has_layer(model, "mask"):
        encoded["mask"] = model.get_layer("mask").output
    return keras.Model(model.input["frames"], encoded, name="encoder")


def begin_decoding(model: keras.Model, encoded: dict[str, Tensor], beams: int = 1) -> tuple[Step, State]:
    """Return the decoding step and its first state; see `kzoo.decoding.adapter`.

    Keys and values of earlier characters are cached, so a step computes one position only.
    """
    rows, attention = ops.shape(encoded["memory"])[0], model.get_layer("attention")
    keys, values = attention.project_memory(encoded["memory"])
    mask = encoded["mask"][:, ::2] if "mask" in encoded else None
    remember, state = (_begin_recurrent if _is_recurrent(model) else _begin_attentive)(model, rows)

    def step(tokens: Tensor, state: State) -> tuple[Tensor, State]:
        x, state = remember(tokens, state)
        x = ops.reshape(x, (-1, beams, x.shape[-1]))
        x = x + attention.attend(model.get_layer("attention_norm")(x), keys, values, mask)
        hidden = model.get_layer("mlp_hidden")(model.get_layer("mlp_norm")(x))
        x = model.get_layer("output_norm")(x + model.get_layer("mlp")(hidden))
        logits = model.get_layer("output")(x)
        logits = ops.reshape(logits, (-1, logits.shape[-1]))
        return model.get_layer("log_probabilities")(logits), state

    return step, state


def _begin_recurrent(model: keras.Model, rows: int) -> tuple[Step, State]:
    """Return the LSTM's step, from tokens to its output `(rows, units)`, and its first state."""
    cell, embeddings = model.get_layer("decoder").cell, model.get_layer("target_embedding").embeddings
    if _has_layer(model, "decoder_norm"):
        embeddings = model.get_layer("decoder_norm")(embeddings)
    table = token_table(cell, embeddings)

    def remember(tokens: Tensor, state: State) -> tuple[Tensor, State]:
        h, c = lstm_step(cell, ops.take(table, tokens, axis=0), *state)
        return h, (h, c)

    zeros = ops.zeros((rows, cell.units), table.dtype)
    return remember, (zeros, zeros)


def _begin_attentive(model: keras.Model, rows: int) -> tuple[Step, State]:
    """Return the self-attention's step, from tokens to its output `(rows, units)`, and its first state."""
    own, embed = model.get_layer("decoder"), model.get_layer("target_embedding")
    size = own.query_projection.units // own.num_heads
    attend, memory = (_begin_linear if isinstance(own.attention, LinearAttention) else _begin_cached)(
        own, (rows, own.num_heads), size
    )

    def remember(tokens: Tensor, state: State) -> tuple[Tensor, State]:
        position, memory = state
        x = ops.expand_dims(embed(tokens) + model.get_layer("positions").at(position), 1)
        normed = model.get_layer("decoder_norm")(x)
        heads, memory = attend(own.project_query(normed), own.project_memory(normed), position, memory)
        return ops.squeeze(x + own.join_heads(heads), 1), (position + 1, memory)

    return remember, (ops.zeros((rows,), "int32"), memory)


Attend = Callable[[Tensor, tuple[Tensor, Tensor], Tensor, State], tuple[Tensor, State]]
"""`attend(query, (key, value), position, memory) -> outputs, memory`, `(rows, heads, 1, size)` each."""


def _begin_cached(own: MultiHeadAttention, batch: tuple[int, int], size: int) -> tuple[Attend, State]:
    """Return attention over a cache of keys and values, up to the current position, and the empty cache."""

    def attend(
        query: Tensor, written: tuple[Tensor, Tensor], position: Tensor, memory: State
    ) -> tuple[Tensor, State]:
        # All rows are at the same position. Each row stores it, because beam search takes rows of the state.
        place = (0, 0, position[0], 0)
        key, value = written
        written = own.attention.project_keys(key), value
        keys, values = (ops.slice_update(old, place, new) for old, new in zip(memory, written, strict=True))
        outputs, _ = own.attention.attend(
            query, values, keys, ops.arange(LONGEST) <= position[0], training=False
        )
        return outputs, (keys, values)

    empty = ops.zeros((*batch, LONGEST, size), own.compute_dtype)
    return attend, (empty, empty)


def _begin_linear(own: MultiHeadAttention, batch: tuple[int, int], size: int) -> tuple[Attend, State]:
    """Return linear attention in its recurrent form, and its first state, whose size does not grow."""

    def attend(
        query: Tensor, written: tuple[Tensor, Tensor], position: Tensor, memory: State
    ) -> tuple[Tensor, State]:
        query, key, value = (ops.squeeze(x, 2) for x in (query, *written))
        outputs, memory = own.attention.step(query, value, key, memory)
        return ops.expand_dims(outputs, 2), memory

    return attend, own.attention.initial_state(batch, size, size)


def has_attention(model: keras.Model) -> bool:
    """Return True: every speech recognition model attends to its memory."""
    return True


def attention_weights(model: keras.Model, source: np.ndarray, target_ids: np.ndarray) -> np.ndarray:
    """Return the attention weights, the mean of the heads: `(batch, target length, time / 2)` in float32."""
    probe = keras.Model(model.input, [model.get_layer(name).output for name in ("attention_norm", "memory")])
    query, memory = probe({"frames": source, TARGET: target_ids}, training=False)
    mask = model.get_layer("mask")(source)[:, ::2] if _has_layer(model, "mask") else None
    _, weights = model.get_layer("attention")(query, memory, value_mask=mask, return_attention_scores=True)
    return ops.convert_to_numpy(ops.mean(weights, axis=1)).astype(np.float32)


def _is_recurrent(model: keras.Model) -> bool:
    return isinstance(model.get_layer("decoder"), layers.LSTM)


def _has_layer(model: keras.Model, name: str) -> bool:
    return any(layer.name == name for layer in model.layers)


register_model(CARDS["asr-lstm"])(recogniser)
register_model(CARDS["asr-attention"], attention="dot")(recogniser)
