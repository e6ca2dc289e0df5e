"""The character translators of R000, R002 and R003: a two-way LSTM reads, an LSTM writes.

A model maps `source_ids` `(batch, source length)` and `target_ids` `(batch, target length)`, the targets
before each position, to log-probabilities `(batch, target length, target vocabulary)` of the token there, in
float32. Token 0 is padding, which the encoder and the attention do not see. `encoder_graph` and
`begin_decoding` are the same layers as they are used for decoding.

    e_t = embedding(x_t);  h_1..h_S, (h, c) = biLSTM(e_1..e_S)
    s_t = LSTM(embedding(y_{t-1}); s_{t-1}),    s_0 = [forward h; backward h],  c_0 = [forward c; backward c]
    o_t = tanh(W_o [s_t; attention(s_t, h_1..h_S)] + b_o)  with an attention, else s_t
    log p_t = log_softmax(E o_t + b)    with E the target's embedding if tied

Dropout stands after both embeddings, on h and on o.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from keras import KerasTensor, layers, ops

from kzoo.decoding.contract import State, Step, Tensor
from kzoo.errors import UsageError
from kzoo.layers import (
    Attention,
    AttentionalOutput,
    BahdanauAttention,
    Bias,
    BilinearAttention,
    DotProductAttention,
    LinearAttention,
)
from kzoo.models.lstm import lstm_step, token_table
from kzoo.registry import ModelCard, register_model

TASK = "sequence transduction"

ATTENTIONS: dict[str, Callable[[int], Attention] | None] = {
    "none": None,
    "bilinear": lambda units: BilinearAttention(name="attention"),
    "bahdanau": lambda units: BahdanauAttention(units, name="attention"),
    "dot": lambda units: DotProductAttention(name="attention"),
    "linear": lambda units: LinearAttention(name="attention"),
}
"""The attentions by name, from the number of units."""


def seq2seq(
    source_vocabulary: int,
    target_vocabulary: int,
    units: int = 128,
    dropout: float = 0.3,
    attention: str = "none",
    tied: bool = True,
    convention: str = "pytorch",
    name: str = "seq2seq",
) -> keras.Model:
    """Build the training graph, with Keras's initial weights.

    Args:
        source_vocabulary, target_vocabulary: the numbers of tokens, the special ones counted.
        units: of the embeddings and the decoder; the encoder has half of them in each direction.
        dropout: the share dropped, in [0, 1).
        attention: one of `ATTENTIONS`.
        tied: whether the output's matrix is the target's embedding.
        convention: whose defaults the initial weights are drawn from, see `kzoo.registry.create_model`.

    Raises:
        ValueError: units that are not even, or an unknown attention.
    """
    if units % 2:
        raise ValueError(f"units must be even, for half of them read in each direction, not {units}")
    if attention not in ATTENTIONS:
        raise ValueError(f"attention must be one of {', '.join(ATTENTIONS)}, not {attention!r}")
    source_ids = keras.Input((None,), dtype="int32", name="source_ids")
    target_ids = keras.Input((None,), dtype="int32", name="target_ids")
    mask = ops.not_equal(source_ids, 0)
    x = layers.Embedding(source_vocabulary, units, name="source_embedding")(source_ids)
    x = layers.Dropout(dropout, seed=0, name="source_dropout")(x)
    reader = layers.LSTM(units // 2, return_sequences=True, return_state=True, name="reader")
    memory, *state = layers.Bidirectional(reader, name="encoder")(x, mask=mask)
    memory = layers.Dropout(dropout, seed=0, name="encoder_dropout")(memory)
    embedding = layers.ReversibleEmbedding(
        target_vocabulary, units, tie_weights=tied, name="target_embedding"
    )
    y = layers.Dropout(dropout, seed=0, name="target_dropout")(embedding(target_ids))
    writer = layers.LSTM(units, return_sequences=True, return_state=True, name="decoder")
    y, *_ = writer(y, initial_state=_join_directions(state))
    if (create := ATTENTIONS[attention]) is not None:
        context = create(units)(y, memory, value_mask=mask)
        y = AttentionalOutput(units, name="attentional_output")(y, context)
    y = layers.Dropout(dropout, seed=0, name="output_dropout")(y)
    logits = Bias(name="output_bias")(embedding(y, reverse=True))
    outputs = layers.Activation("log_softmax", dtype="float32", name="log_probabilities")(logits)
    return keras.Model({"source_ids": source_ids, "target_ids": target_ids}, outputs, name=name)


def _join_directions(state: list[KerasTensor]) -> list[KerasTensor]:
    """Forward h, c and backward h, c to the decoder's h and c."""
    forward_h, forward_c, backward_h, backward_c = state
    return [
        ops.concatenate([forward_h, backward_h], axis=-1),
        ops.concatenate([forward_c, backward_c], axis=-1),
    ]


def encoder_graph(model: keras.Model) -> keras.Model:
    """`source_ids (batch, length)` to what decoding needs of them, without dropout.

    A dictionary: `h` and `c` `(batch, units)`, `memory` and, with an attention, its projected `keys`
    `(batch, length, units)`, `mask` `(batch, length)`.
    """
    source_ids = keras.Input((None,), dtype="int32", name="source_ids")
    mask = ops.not_equal(source_ids, 0)
    x = model.get_layer("source_embedding")(source_ids)
    memory, *state = model.get_layer("encoder")(x, mask=mask)
    h, c = _join_directions(state)
    memory = ops.copy(memory)  # without Keras's implicit mask, beside which the explicit one is a second
    encoded = {"h": h, "c": c, "memory": memory, "mask": mask}
    if has_attention(model):
        encoded["keys"] = model.get_layer("attention").project_keys(memory)
    return keras.Model(source_ids, encoded, name="encoder")


def begin_decoding(model: keras.Model, encoded: dict[str, Tensor], beams: int = 1) -> tuple[Step, State]:
    """The step of `kzoo.decoding` for encoded sources, without dropout, and its first state.

    What does not change is in the step and not in its state: the memory, once for each of the `beams` of a
    source, and the decoder's share W e_y + b of every token y of the vocabulary, from which a token's is
    looked up. So call this where the decoding is compiled, not before.
    """
    cell, embedding = model.get_layer("decoder").cell, model.get_layer("target_embedding")
    attention = model.get_layer("attention") if has_attention(model) else None
    table = token_table(cell, embedding.embeddings)
    if attention is not None:
        memory, keys, keep = (ops.repeat(encoded[name], beams, axis=0) for name in ("memory", "keys", "mask"))

    def step(tokens: Tensor, state: State) -> tuple[Tensor, State]:
        h, c = lstm_step(cell, ops.take(table, tokens, axis=0), *state)
        y = h
        if attention is not None:
            query = ops.expand_dims(h, 1)
            context, _ = attention.attend(query, memory, keys, ops.expand_dims(keep, 1), training=False)
            y = ops.squeeze(model.get_layer("attentional_output")(query, context), 1)
        logits = model.get_layer("output_bias")(embedding(y, reverse=True))
        return model.get_layer("log_probabilities")(logits), (h, c)

    return step, (encoded["h"], encoded["c"])


def attention_weights(model: keras.Model, source_ids: np.ndarray, target_ids: np.ndarray) -> np.ndarray:
    """What each target position attends to, `(batch, target length, source length)` in float32.

    Raises:
        UsageError: the model has no attention.
    """
    if not has_attention(model):
        raise UsageError(f"{model.name} has no attention: set model.attention to another than none")
    probe = keras.Model(
        model.inputs, [model.get_layer("decoder").output[0], model.get_layer("encoder_dropout").output]
    )
    query, memory = probe({"source_ids": source_ids, "target_ids": target_ids}, training=False)
    _, weights = model.get_layer("attention")(
        query, ops.copy(memory), value_mask=ops.not_equal(source_ids, 0), return_attention_scores=True
    )
    return ops.convert_to_numpy(weights).astype(np.float32)


def has_attention(model: keras.Model) -> bool:
    """Whether the model has an attention."""
    return any(layer.name == "attention" for layer in model.layers)


def _register(
    name: str, source: str, summary: str, parameters: int, vocabularies: tuple[int, int], attention: str
) -> None:
    """Register a network of the reports by its sizes and its attention, the defaults of its options."""

    @register_model(
        ModelCard(
            name=name, task=TASK, source=source, summary=summary, parameters=parameters, note=_TWO_BIASES
        )
    )
    def build(
        source_vocabulary: int = vocabularies[0],
        target_vocabulary: int = vocabularies[1],
        units: int = 128,
        dropout: float = 0.3,
        attention: str = attention,
        tied: bool = True,
        convention: str = "pytorch",
    ) -> keras.Model:
        return seq2seq(
            source_vocabulary, target_vocabulary, units, dropout, attention, tied, convention, name
        )


_TWO_BIASES = "PyTorch's LSTM has a second bias, which adds 1,024 parameters and nothing else."

_register("nmt", "R000 3.1a, R002 3.1a", "two-way LSTM 64, LSTM 128, tied output", 239_138, (34, 34), "none")
_register(
    "nmt-bilinear", "R000 3.1b, R002 3.1b", "nmt with bilinear attention", 288_418, (34, 34), "bilinear"
)
_register("p2g", "R003 3.1", "nmt for phones to letters", 256_093, (107, 93), "none")
_register("p2g-bahdanau", "R003 3.2", "p2g with Bahdanau attention", 321_885, (107, 93), "bahdanau")
