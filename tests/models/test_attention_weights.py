"""The weights of a translator's attention against NumPy, from the states that decoding has."""

from __future__ import annotations

import numpy as np
import pytest
from keras import ops

from kzoo import create_model
from kzoo.errors import UsageError
from kzoo.models.seq2seq import attention_weights, begin_decoding, encoder_graph
from kzoo.training.engines import engine

SOURCES = np.array([[4, 7, 5, 6, 4], [9, 4, 8, 0, 0]], np.int32)
TARGETS = np.array([[1, 5, 4], [1, 6, 6]], np.int32)


def decoder_states(model):
    """The decoder's states, token by token, and the encoder's: `(batch, length, units)` each."""
    encoder = encoder_graph(model)

    def decode(source_ids, target_ids):
        encoded = encoder(source_ids)
        (step, state), queries = begin_decoding(model, encoded), []
        for index in range(TARGETS.shape[1]):
            _, state = step(target_ids[:, index], state)
            queries.append(state[0])
        return ops.stack(queries, axis=1), encoded["memory"]

    outputs = engine().compile_function(decode, model.variables)(SOURCES, TARGETS)
    return [ops.convert_to_numpy(output) for output in outputs]


def softmax(scores):
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def test_bilinear_weights_are_those_of_the_equation():
    model = create_model("nmt-bilinear", seed=1, source_vocabulary=10, target_vocabulary=7, units=6)
    rng = np.random.default_rng(2)
    model.set_weights([rng.normal(0, 0.8, weight.shape) for weight in model.get_weights()])
    (kernel,) = model.get_layer("attention").get_weights()
    queries, memory = decoder_states(model)
    scores = np.einsum("btk,bsk->bts", queries @ kernel, memory)
    expected = softmax(np.where(SOURCES[:, None] != 0, scores, -np.inf))
    found = attention_weights(model, SOURCES, TARGETS)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    assert (found[1, :, 3:] == 0).all()
    assert np.ptp(found[0]) > 0.1


def test_there_are_none_without_an_attention():
    model = create_model("nmt", seed=1, source_vocabulary=10, target_vocabulary=7, units=6)
    with pytest.raises(UsageError, match=r"nmt has no attention: set model\.attention"):
        attention_weights(model, SOURCES, TARGETS)
