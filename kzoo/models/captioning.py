"""The image captioning models of R001 3: an LSTM decoder over the regions of an image.

A model maps `regions` `(batch, regions, features)`, the features that an encoder computes from an image, and
`target_ids` `(batch, length)`, the word before each position, to log-probabilities `(batch, length,
vocabulary)` of the word at that position, in float32.

    v = mean of the regions v_i,    h_0 = W_h v + b_h,    c_0 = W_c v + b_c
    h_t, c_t = LSTM([embedding(y_{t-1}); z_t], (h_{t-1}, c_{t-1})),    z_t = attention(h_{t-1}, v_1..v_R)
    log p_t = log_softmax(W_o dropout(h_t) + b_o)

Without attention there is no z_t. The attention is additive with a ReLU, w . ReLU(W_e v_i + W_d h) with
biases (R001 3b; Xu et al., 2015, arXiv 1502.03044, use a tanh).

With `encoder="conv"` the three convolution blocks of `cnn-bn` compute the regions and are trained with the
decoder. The input is then `image` `(batch, height, width, 3)`, with pixels divided by 256.
"""

from __future__ import annotations

import keras
import numpy as np
from keras import KerasTensor, layers, ops

from kzoo.decoding.step import State, Step
from kzoo.errors import UsageError
from kzoo.inputs import TARGET, source_input
from kzoo.layers import AttentiveRNN, create_attention
from kzoo.models.catalog import CARDS
from kzoo.models.convolutional import BATCH_NORMS, conv_blocks
from kzoo.models.lstm import lstm_step, token_table
from kzoo.registry import register_model
from kzoo.types import Tensor

ATTENTION_OPTIONS = {"bahdanau": {"activation": "relu", "use_bias": True}}
"""The options by which R001's attention differs from the published one."""

END_TO_END, SMALLEST = "conv", 8
"""The name of the encoder inside the model, and the smallest height and width of its images (one region)."""


def captioner(
    vocabulary: int = 190,
    features: int = 512,
    embedding: int = 100,
    units: int = 256,
    attention: str = "none",
    attention_units: int = 100,
    dropout: float = 0.5,
    encoder: str = "resnet18",
    convention: str = "pytorch",
    name: str = "captioner",
) -> keras.Model:
    """Build the training graph, with Keras's initial weights.

    Args:
        vocabulary: the number of words, including the special ones.
        features: the number of features of a region, ignored with `encoder="conv"`.
        embedding: the size of the word embeddings.
        units: the units of the LSTM.
        attention: "none", or the name of a registered attention whose queries and keys may differ in size.
        attention_units: the units of the additive attention.
        dropout: the dropout rate of h, in [0, 1).
        encoder: "conv" for an encoder inside the model. Any other encoder computes the regions beforehand
            (`kzoo.features.regions`) and does not change the model.
        convention: the framework whose batch normalisation the encoder "conv" uses, see
            `kzoo.models.initialization`.

    Raises:
        ValueError: the attention is unknown.
    """
    source, regions = _encode(encoder, features, convention)
    target_ids = keras.Input((None,), dtype="int32", name=TARGET)
    mean = ops.mean(regions, axis=1)
    state = [layers.Dense(units, name=f"initial_{part}")(mean) for part in ("h", "c")]
    y = layers.Embedding(vocabulary, embedding, name="target_embedding")(target_ids)
    attend = create_attention(attention, attention_units, **ATTENTION_OPTIONS.get(attention, {}))
    if attend is None:
        y = layers.LSTM(units, return_sequences=True, name="decoder")(y, initial_state=state)
    else:
        # The name is fixed because initial weights are drawn by name, and Keras would number the cell.
        cell = layers.LSTMCell(units, name="lstm_cell")
        decoder = AttentiveRNN(cell, attend, name="decoder")
        y = decoder(y, regions, initial_state=state)
    y = layers.Dropout(dropout, seed=0, name="output_dropout")(y)
    logits = layers.Dense(vocabulary, name="output")(y)
    outputs = layers.Activation("log_softmax", dtype="float32", name="log_probabilities")(logits)
    return keras.Model({source.name: source, TARGET: target_ids}, outputs, name=name)


def _encode(encoder: str, features: int, convention: str) -> tuple[KerasTensor, KerasTensor]:
    """Return the source input and its regions, the same tensor if the model contains no encoder."""
    if encoder != END_TO_END:
        source = keras.Input((None, features), name="regions")
        return source, source
    source = keras.Input((None, None, 3), name="image")
    maps = conv_blocks(source, 0.0, BATCH_NORMS[convention])
    return source, layers.Reshape((-1, maps.shape[-1]), name="flatten_regions")(maps)


def encoder_graph(model: keras.Model) -> keras.Model:
    """Return the encoder: source to a dictionary of `h`, `c` and, with attention, `memory` and `keys`."""
    h, c = (model.get_layer(f"initial_{part}").output for part in ("h", "c"))
    encoded = {"h": h, "c": c}
    if has_attention(model):
        memory = _regions(model)
        encoded |= {"memory": memory, "keys": model.get_layer("decoder").attention.project_keys(memory)}
    return keras.Model(model.input[source_input(model)], encoded, name="encoder")


def begin_decoding(model: keras.Model, encoded: dict[str, Tensor], beams: int = 1) -> tuple[Step, State]:
    """Return the decoding step and its first state; see `kzoo.decoding.adapter`."""
    decoder, output = model.get_layer("decoder"), model.get_layer("output")
    cell, attention = decoder.cell, decoder.attention if has_attention(model) else None
    embeddings = model.get_layer("target_embedding").embeddings
    table = token_table(cell, embeddings)
    if attention is not None:
        memory, keys = (ops.cast(encoded[name], cell.compute_dtype) for name in ("memory", "keys"))
        kernel = ops.cast(cell.kernel[embeddings.shape[-1] :], cell.compute_dtype)

    def step(tokens: Tensor, state: State) -> tuple[Tensor, State]:
        h, c = state
        inputs = ops.take(table, tokens, axis=0)
        if attention is not None:
            query = ops.reshape(h, (-1, beams, h.shape[-1]))
            context, _ = attention.attend(query, memory, keys, None, training=False)
            inputs = inputs + ops.matmul(ops.reshape(context, (-1, context.shape[-1])), kernel)
        h, c = lstm_step(cell, inputs, h, c)
        return model.get_layer("log_probabilities")(output(h)), (h, c)

    return step, (encoded["h"], encoded["c"])


def attention_weights(model: keras.Model, source: np.ndarray, target_ids: np.ndarray) -> np.ndarray:
    """Return the attention weights, `(batch, target length, regions)` in float32.

    Raises:
        UsageError: the model has no attention.
    """
    if not has_attention(model):
        raise UsageError(f"{model.name} has no attention: set model.attention to a value other than none")
    decoder = model.get_layer("decoder")
    probe = keras.Model(model.input, [model.get_layer("initial_h").output, decoder.output, _regions(model)])
    first, written, memory = probe({source_input(model): source, TARGET: target_ids}, training=False)
    query = ops.concatenate([ops.expand_dims(first, 1), written[:, :-1]], axis=1)
    _, weights = decoder.attention(query, memory, return_attention_scores=True)
    return ops.convert_to_numpy(weights).astype(np.float32)


def has_attention(model: keras.Model) -> bool:
    """Return whether the model has an attention."""
    return isinstance(model.get_layer("decoder"), AttentiveRNN)


def _regions(model: keras.Model) -> KerasTensor:
    """Return the regions in the graph of the model."""
    if "regions" in model.input:
        return model.input["regions"]
    return model.get_layer("flatten_regions").output


register_model(CARDS["caption"])(captioner)
register_model(
    CARDS["caption-attention"],
    attention="bahdanau",
)(captioner)
