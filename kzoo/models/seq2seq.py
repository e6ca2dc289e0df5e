"""The character translation models of R000, R002 and R003: bidirectional LSTM encoder, LSTM decoder.

A model maps `source_ids` `(batch, source length)` and `target_ids` `(batch, target length)`, the target
before each position, to log-probabilities `(batch, target length, target vocabulary)` of the token at that
position, in float32. Token 0 is padding, which is masked in the encoder and the attention. `encoder_graph`
and `begin_decoding` use the same layers for decoding.

    e_t = embedding(x_t);  h_1..h_S, (h, c) = biLSTM(e_1..e_S)
    s_t = LSTM(embedding(y_{t-1}); s_{t-1}),    s_0 = [forward h; backward h],  c_0 = [forward c; backward c]
    o_t = tanh(W_o [s_t; attention(s_t, h_1..h_S)] + b_o)  with an attention, else s_t
    log p_t = log_softmax(E o_t + b)    with E the target's embedding if tied

R000 applies dropout after both embeddings, to h and to o (its Algorithm 2). The code of the other reports
differs from the common assignment in the places of dropout (`dropout_at`), in the input of W_o
(`output_query`; R002 has z_t = W_q s_t in place of s_t) and in a layer normalisation of o (`output_norm`,
R003).
"""

from __future__ import annotations

from collections.abc import Collection

import keras
import numpy as np
from keras import KerasTensor, layers, ops

from kzoo.decoding.step import State, Step
from kzoo.errors import UsageError
from kzoo.layers import Attention, AttentionalOutput, Bias, DotProductAttention, create_attention
from kzoo.models.catalog import CARDS
from kzoo.models.lstm import lstm_step, token_table
from kzoo.registry import register_model
from kzoo.types import Tensor

OUTPUT_QUERIES = ("plain", "projected")

DROPOUT_PLACES = ("source", "encoder", "target", "decoder", "output")
"""The possible places of dropout: after the source's embedding, on the encoder's outputs, after the target's
embedding, on the decoder's outputs before the attention, and on o."""

ASSIGNED_PLACES = ("source", "encoder", "target", "output")
"""The places of dropout in the assignment and in R000."""


def seq2seq(
    source_vocabulary: int,
    target_vocabulary: int,
    units: int = 128,
    dropout: float = 0.3,
    dropout_at: tuple[str, ...] = ASSIGNED_PLACES,
    attention: str = "none",
    output_query: str = "plain",
    output_norm: bool = False,
    scorer_std: float | None = None,
    tied: bool = True,
    name: str = "seq2seq",
) -> keras.Model:
    """Build the training graph, with Keras's initial weights.

    Args:
        source_vocabulary, target_vocabulary: the numbers of tokens, including the special ones.
        units: the units of the embeddings and the decoder; each direction of the encoder has half of them.
        dropout: the dropout rate, in [0, 1).
        dropout_at: the places of dropout, from `DROPOUT_PLACES`.
        attention: "none", or the name of an attention registered with `kzoo.layers.register_attention`.
        output_query: the input of the output layer besides the context: "plain" for s_t or, with a bilinear
            attention, "projected" for z_t = W_q s_t, also the query: o_t = tanh(W_o [z_t; c_t] + b_o).
        output_norm: whether to normalise o_t over its features, after the tanh (needs an attention).
        scorer_std: the standard deviation of the initial v of a Bahdanau attention, N(0, scorer_std^2).
        tied: whether the output's matrix is the target's embedding.

    Raises:
        ValueError: units is odd, a name is unknown, or the attention does not support an option.
    """
    _check(units, dropout_at, attention, output_query, output_norm, scorer_std)

    def drop(x: KerasTensor, place: str) -> KerasTensor:
        if place not in dropout_at:
            return x
        return layers.Dropout(dropout, seed=0, name=f"{place}_dropout")(x)

    source_ids = keras.Input((None,), dtype="int32", name="source_ids")
    target_ids = keras.Input((None,), dtype="int32", name="target_ids")
    mask = ops.not_equal(source_ids, 0)
    x = drop(layers.Embedding(source_vocabulary, units, name="source_embedding")(source_ids), "source")
    reader = layers.LSTM(units // 2, return_sequences=True, return_state=True, name="reader")
    memory, *state = layers.Bidirectional(reader, name="encoder")(x, mask=mask)
    memory = drop(memory, "encoder")
    embedding = layers.ReversibleEmbedding(
        target_vocabulary, units, tie_weights=tied, name="target_embedding"
    )
    y = drop(embedding(target_ids), "target")
    writer = layers.LSTM(units, return_sequences=True, return_state=True, name="decoder")
    y, *_ = writer(y, initial_state=_join_directions(state))
    y = drop(y, "decoder")
    if output_query == "projected":
        y = layers.Dense(units, use_bias=False, name="query_projection")(y)
    attend = _create_attention(attention, units, output_query, scorer_std)
    if attend is not None:
        y = AttentionalOutput(units, name="attentional_output")(y, attend(y, memory, value_mask=mask))
    if output_norm:
        y = layers.LayerNormalization(epsilon=1e-5, name="output_norm")(y)
    y = drop(y, "output")
    logits = Bias(name="output_bias")(embedding(y, reverse=True))
    outputs = layers.Activation("log_softmax", dtype="float32", name="log_probabilities")(logits)
    return keras.Model({"source_ids": source_ids, "target_ids": target_ids}, outputs, name=name)


def _check(
    units: int,
    dropout_at: Collection[str],
    attention: str,
    output_query: str,
    output_norm: bool,
    scorer_std: float | None,
) -> None:
    """Raise ValueError if the options are unknown or do not fit together."""
    if units % 2:
        raise ValueError(f"units must be even, half of them for each direction of the encoder, not {units}")
    for place in dropout_at:
        _check_name("dropout_at", place, DROPOUT_PLACES)
    _check_name("output_query", output_query, OUTPUT_QUERIES)
    if output_query == "projected" and attention != "bilinear":
        raise ValueError(f"output_query='projected' is for attention='bilinear', not {attention!r}")
    if output_norm and attention == "none":
        raise ValueError("output_norm needs an attention, but attention is 'none'")
    if scorer_std is not None and attention != "bahdanau":
        raise ValueError(f"scorer_std is for attention='bahdanau', not {attention!r}")


def _check_name(option: str, name: str, known: Collection[str]) -> None:
    if name not in known:
        raise ValueError(f"{option} must be one of {', '.join(known)}, not {name!r}")


def _create_attention(name: str, units: int, output_query: str, scorer_std: float | None) -> Attention | None:
    """Create the attention by name; a dot product with a projected query is the bilinear attention."""
    if output_query == "projected":
        return DotProductAttention(scaled=False, name="attention")
    if scorer_std is None:
        return create_attention(name, units)
    return create_attention(
        name, units, scorer_initializer=keras.initializers.RandomNormal(stddev=scorer_std)
    )


def _join_directions(state: list[KerasTensor]) -> list[KerasTensor]:
    """Concatenate the forward and the backward h and c to those of the decoder."""
    forward_h, forward_c, backward_h, backward_c = state
    return [
        ops.concatenate([forward_h, backward_h], axis=-1),
        ops.concatenate([forward_c, backward_c], axis=-1),
    ]


def encoder_graph(model: keras.Model) -> keras.Model:
    """Return the encoder without dropout, from `source_ids (batch, length)` to the inputs of decoding.

    These are a dictionary: `h` and `c` `(batch, units)`, `memory` and, with an attention, the projected
    `keys` `(batch, length, units)`, `mask` `(batch, length)`.
    """
    source_ids = keras.Input((None,), dtype="int32", name="source_ids")
    mask = ops.not_equal(source_ids, 0)
    x = model.get_layer("source_embedding")(source_ids)
    memory, *state = model.get_layer("encoder")(x, mask=mask)
    h, c = _join_directions(state)
    memory = ops.copy(memory)  # drops Keras's implicit mask, a duplicate of the explicit one
    encoded = {"h": h, "c": c, "memory": memory, "mask": mask}
    if has_attention(model):
        encoded["keys"] = model.get_layer("attention").project_keys(memory)
    return keras.Model(source_ids, encoded, name="encoder")


def begin_decoding(model: keras.Model, encoded: dict[str, Tensor], beams: int = 1) -> tuple[Step, State]:
    """Return the decoding step for encoded sources, without dropout, and its first state.

    The step itself holds what does not change between steps: the memory, to which the `beams` of a source
    are as many queries, and the table of W e_y + b for every token y of the vocabulary. So call this inside
    the function that is compiled, not before.
    """
    found = {layer.name: layer for layer in model.layers}
    cell, embedding, attention = found["decoder"].cell, found["target_embedding"], found.get("attention")
    project, normalise = (found.get(name, _as_it_is) for name in ("query_projection", "output_norm"))
    table = token_table(cell, embedding.embeddings)
    if attention is not None:
        memory, keys, keep = encoded["memory"], encoded["keys"], ops.expand_dims(encoded["mask"], 1)

    def step(tokens: Tensor, state: State) -> tuple[Tensor, State]:
        h, c = lstm_step(cell, ops.take(table, tokens, axis=0), *state)
        y = h
        if attention is not None:
            query = project(ops.reshape(h, (-1, beams, h.shape[-1])))
            context, _ = attention.attend(query, memory, keys, keep, training=False)
            y = normalise(found["attentional_output"](query, context))
            y = ops.reshape(y, (-1, y.shape[-1]))
        logits = found["output_bias"](embedding(y, reverse=True))
        return found["log_probabilities"](logits), (h, c)

    return step, (encoded["h"], encoded["c"])


def _as_it_is(x: Tensor) -> Tensor:
    return x


def attention_weights(model: keras.Model, source_ids: np.ndarray, target_ids: np.ndarray) -> np.ndarray:
    """Return the attention weights, `(batch, target length, source length)` in float32.

    Raises:
        UsageError: the model has no attention.
    """
    if not has_attention(model):
        raise UsageError(f"{model.name} has no attention: set model.attention to a value other than none")
    attention = model.get_layer("attention")
    probe = keras.Model(model.input, attention.input)
    query, memory, mask = probe({"source_ids": source_ids, "target_ids": target_ids}, training=False)
    _, weights = attention(query, ops.copy(memory), value_mask=mask, return_attention_scores=True)
    return ops.convert_to_numpy(weights).astype(np.float32)


def has_attention(model: keras.Model) -> bool:
    """Return whether the model has an attention."""
    return any(layer.name == "attention" for layer in model.layers)


_NMT = {"source_vocabulary": 34, "target_vocabulary": 34}
_P2G = {"source_vocabulary": 107, "target_vocabulary": 93}

register_model(CARDS["nmt"], **_NMT)(seq2seq)
register_model(
    CARDS["nmt-bilinear"],
    **_NMT,
    attention="bilinear",
)(seq2seq)
register_model(CARDS["p2g"], **_P2G)(seq2seq)
register_model(
    CARDS["p2g-bahdanau"],
    **_P2G,
    attention="bahdanau",
)(seq2seq)
