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

Connectionist temporal classification (CTC; Graves et al., 2006) can stand beside the decoder or in its place:
each state of the memory has log-probabilities log q_t of the characters and the blank. Then the outputs are
log q `(batch, states, vocabulary)` and log p, or log q alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import KerasTensor, layers, ops

from kzoo.decoding.ctc import begin_ctc
from kzoo.decoding.step import State, Step
from kzoo.errors import UsageError
from kzoo.inputs import TARGET
from kzoo.layers import (
    Attention,
    CtcLogProbabilities,
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

ENCODERS, SUBSAMPLINGS = ("attention", "lstm"), (2, 4)
"""The kinds of the encoder's blocks, and the numbers of frames for each state of the encoder."""

CTC = "ctc_log_probabilities"
"""The name of the output layer of connectionist temporal classification."""


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
    encoder: str = "attention",
    subsampling: int = 2,
    ctc: float = 0.0,
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
        encoder: "attention" for the published blocks, or "lstm" for blocks x + LSTM(LN(x)), whose LSTM is
            bidirectional with half of the units in each direction, without sinusoids.
        subsampling: the number of frames for each state of the memory, 2 or 4; 4 gives conv_1 a stride of 2.
        ctc: the share of the CTC loss in the objective, in [0, 1]. A positive one adds the output
            log q_t = log_softmax(W_ctc memory_t + b_ctc), see `CtcLogProbabilities`. 1 leaves out the
            decoder, and then `target_ids` are not read.
        convention: the framework whose layer normalisation is used, see `EPSILONS`.

    Raises:
        ValueError: an option is unknown or out of range.
    """
    _check_options(encoder, subsampling, ctc)
    build = _Blocks(units, heads, dropout, EPSILONS[convention])
    frames = keras.Input((None, mels), name="frames")
    target_ids = keras.Input((None,), dtype="int32", name=TARGET)
    mask = PaddingMask(name="mask")(frames) if masked else None
    heard = None if mask is None else mask[:, ::subsampling]
    x = _subsample(build, frames, mask, subsampling)
    memory = (_encode_by_lstm if encoder == "lstm" else _encode_by_attention)(build, x, heard, blocks)
    outputs: list[KerasTensor] = []
    if ctc > 0:
        logits = layers.Dense(vocabulary, name="ctc")(memory)
        outputs += [CtcLogProbabilities(name=CTC)(logits, heard)]
    if ctc < 1:
        x = layers.Embedding(vocabulary, units, name="target_embedding")(target_ids)
        attend = create_attention(attention, units // heads, **_options_of(attention))
        x = _decode(build, x, attend, input_norm)
        x = build.attend("attention", x, memory, value_mask=heard)
        x = build.norm("output_norm", build.transform("mlp", x))
        logits = layers.Dense(vocabulary, name="output")(x)
        softmax = layers.Activation("log_softmax", dtype="float32", name="log_probabilities")
        outputs += [softmax(logits)]
    inputs = {"frames": frames, TARGET: target_ids}
    return keras.Model(inputs, outputs if len(outputs) > 1 else outputs[0], name=name)


def _check_options(encoder: str, subsampling: int, ctc: float) -> None:
    if encoder not in ENCODERS:
        raise ValueError(f"encoder must be one of {', '.join(ENCODERS)}, not {encoder!r}")
    if subsampling not in SUBSAMPLINGS:
        raise ValueError(f"subsampling must be 2 or 4, not {subsampling!r}")
    if not 0 <= ctc <= 1:
        raise ValueError(f"ctc must lie in [0, 1], not {ctc!r}")


def _options_of(attention: str) -> dict[str, Any]:
    options: dict[str, Any] = {"name": None}  # the cross-attention has the name "attention"
    return options | ({"feature_map": EluFeatureMap()} if attention == "linear" else {})


def _subsample(
    build: _Blocks, frames: KerasTensor, mask: KerasTensor | None, subsampling: int
) -> KerasTensor:
    """Return the states after the convolutions, `(batch, time / subsampling rounded up, units)`."""
    if subsampling == 4:
        x = layers.ZeroPadding1D(1, name="conv1_padding")(frames)
        x = layers.Conv1D(build.units, 3, strides=2, name="conv1")(x)
        mask = None if mask is None else mask[:, ::2]
    else:
        x = layers.Conv1D(build.units, 3, padding="same", name="conv1")(frames)
    x = layers.Activation("gelu", name="conv1_gelu")(x)
    if mask is not None:
        x = ops.where(mask[..., None], x, 0.0)  # the bias of conv1 makes padding non-zero
    x = layers.ZeroPadding1D(1, name="conv2_padding")(x)
    x = layers.Conv1D(build.units, 3, strides=2, name="conv2")(x)
    return layers.Activation("gelu", name="conv2_gelu")(x)


def _encode_by_attention(
    build: _Blocks, x: KerasTensor, heard: KerasTensor | None, blocks: int
) -> KerasTensor:
    """Return the memory `(batch, states, units)` of self-attention blocks."""
    x = Sinusoids(name="sinusoids")(x)
    for index in range(1, blocks + 1):
        x = build.attend(f"block{index}_attention", x, value_mask=heard)
        x = build.transform(f"block{index}_mlp", x)
    return build.norm("memory", x)


def _encode_by_lstm(build: _Blocks, x: KerasTensor, heard: KerasTensor | None, blocks: int) -> KerasTensor:
    """Return the memory `(batch, states, units)` of bidirectional LSTM blocks."""
    for index in range(1, blocks + 1):
        x = build.recur(f"block{index}_lstm", x, heard)
    return build.norm("memory", x)


def _decode(build: _Blocks, x: KerasTensor, attend: Attention | None, input_norm: bool) -> KerasTensor:
    """Return d_t, without attention to the memory, from the embeddings of the preceding characters."""
    if attend is None:
        x = build.norm("decoder_norm", x) if input_norm else x
        return layers.LSTM(build.units, return_sequences=True, name="decoder")(x)
    x = LearnedPositions(LONGEST, name="positions")(x)
    return build.attend("decoder", x, attention=attend, use_causal_mask=True)


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

    def recur(self, name: str, x: KerasTensor, mask: KerasTensor | None) -> KerasTensor:
        """Return x + LSTM(LN(x)), the LSTM bidirectional with half of the units in each direction."""
        lstm = layers.LSTM(self.units // 2, return_sequences=True, name="lstm")
        both = layers.Bidirectional(lstm, name=name)(self.norm(f"{name}_norm", x), mask=mask)
        return self._add(name, x, both)

    def _add(self, name: str, x: KerasTensor, change: KerasTensor) -> KerasTensor:
        return x + layers.Dropout(self.dropout, seed=0, name=f"{name}_dropout")(change)


def encoder_graph(model: keras.Model) -> keras.Model:
    """Return the encoder of `frames`.

    Its outputs are, as far as the model has them, `memory` `(batch, states, units)`, the `mask` of the states
    and the log-probabilities `ctc` of the symbols in each state.
    """
    encoded = {"memory": model.get_layer("memory").output}
    if _has_layer(model, "mask"):
        encoded["mask"] = model.get_layer("mask").output[:, :: subsampling_of(model)]
    if _has_layer(model, CTC):
        encoded["ctc"] = model.get_layer(CTC).output
    return keras.Model(model.input["frames"], encoded, name="encoder")


def subsampling_of(model: keras.Model) -> int:
    """Return the number of frames for each state of the memory."""
    return model.get_layer("conv1").strides[0] * model.get_layer("conv2").strides[0]


def begin_decoding(model: keras.Model, encoded: dict[str, Tensor], beams: int = 1) -> tuple[Step, State]:
    """Return the decoding step and its first state; see `kzoo.decoding.adapter`.

    CTC without a decoder is decoded by `kzoo.decoding.ctc`.
    """
    if not has_attention(model):
        return begin_ctc(encoded["ctc"], beams)
    return _begin_attention(model, encoded, beams)


def _begin_attention(model: keras.Model, encoded: dict[str, Tensor], beams: int) -> tuple[Step, State]:
    """Return the step of the decoder, which computes one position only, as earlier ones are cached."""
    rows, attention = ops.shape(encoded["memory"])[0], model.get_layer("attention")
    keys, values = attention.project_memory(encoded["memory"])
    mask = encoded.get("mask")
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
    """Return whether the model has a decoder, which attends to the memory."""
    return _has_layer(model, "attention")


def attention_weights(model: keras.Model, source: np.ndarray, target_ids: np.ndarray) -> np.ndarray:
    """Return the attention weights, the mean of the heads: `(batch, target length, states)` in float32.

    Raises:
        UsageError: the model has no attention.
    """
    if not has_attention(model):
        raise UsageError(f"{model.name} has no attention: set model.ctc to less than 1")
    probe = keras.Model(model.input, [model.get_layer(name).output for name in ("attention_norm", "memory")])
    query, memory = probe({"frames": source, TARGET: target_ids}, training=False)
    mask = model.get_layer("mask")(source) if _has_layer(model, "mask") else None
    heard = None if mask is None else mask[:, :: subsampling_of(model)]
    _, weights = model.get_layer("attention")(query, memory, value_mask=heard, return_attention_scores=True)
    return ops.convert_to_numpy(ops.mean(weights, axis=1)).astype(np.float32)


def _is_recurrent(model: keras.Model) -> bool:
    return isinstance(model.get_layer("decoder"), layers.LSTM)


def _has_layer(model: keras.Model, name: str) -> bool:
    return any(layer.name == name for layer in model.layers)


register_model(CARDS["asr-lstm"])(recogniser)
register_model(CARDS["asr-attention"], attention="dot")(recogniser)
