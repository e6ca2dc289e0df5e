"""Comparison of a sequence model with its twin in plain PyTorch, and with its own stepwise decoding."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import torch
from gradients import differentiate
from keras import ops

from kzoo.decoding.adapter import SequenceAdapter
from kzoo.inputs import source_input
from kzoo.pytorch.weights import torch_layout
from kzoo.training.objective import token_negative_log_likelihood

Inputs = dict[str, np.ndarray]


def draw_ids(lengths: tuple[int, ...], vocabulary: int, seed: int) -> np.ndarray:
    """Draw rows of token ids of these lengths, padded with 0."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(1, vocabulary, (len(lengths), max(lengths)))
    return np.where(np.arange(max(lengths)) < np.array(lengths)[:, None], rows, 0).astype("int32")


def check_equal(model: keras.Model, module: torch.nn.Module, inputs: Inputs, labels: np.ndarray) -> None:
    """Check that outputs agree within `tolerance`, and gradients of all weights within 1e-4."""
    expected = module(
        *(torch.from_numpy(x).long() if x.dtype == "int32" else torch.from_numpy(x) for x in inputs.values())
    )
    targets = torch.from_numpy(labels).long()
    torch.nn.functional.nll_loss(expected.flatten(0, 1), targets.flatten(), ignore_index=0).backward()
    wanted = {
        key: parameter.grad.numpy()
        for key, parameter in module.named_parameters()
        if "bias_hh" not in key  # Keras has one bias for PyTorch's two, with the gradient of each
    }
    outputs, computed = differentiate(model, inputs, labels, True, token_negative_log_likelihood)
    paths = [variable.path for variable in model.trainable_variables]
    gradients = torch_layout(module, dict(zip(paths, computed, strict=True)))
    np.testing.assert_allclose(outputs, expected.detach().numpy(), rtol=0, atol=tolerance(outputs))
    assert gradients.keys() == wanted.keys()
    for key, gradient in wanted.items():
        if key == "target_embedding.weight":  # PyTorch ignores padding that is looked up
            gradient, gradients[key] = gradient[1:], gradients[key][1:]
        np.testing.assert_allclose(gradients[key], gradient, rtol=0, atol=1e-4, err_msg=key)


def tolerance(log_probabilities: np.ndarray) -> float:
    """Return 1e-5, or 1e-6 of the largest number if that exceeds 10, as after layer normalisation."""
    return 1e-6 * max(10, np.abs(log_probabilities).max())


def check_steps(adapter: SequenceAdapter, model: keras.Model, inputs: Inputs, beams: int = 1) -> None:
    """Check that decoding step by step gives the outputs of the training graph, on every beam."""
    whole = outputs_of(model, inputs)
    encoded = adapter.encoder_graph(model)(ops.convert_to_tensor(inputs[source_input(model)]))
    step, state = adapter.begin_decoding(model, encoded, beams)
    state = keras.tree.map_structure(lambda x: ops.repeat(x, beams, axis=0), state)
    for t in range(whole.shape[1]):
        log_p, state = step(ops.convert_to_tensor(np.repeat(inputs["target_ids"][:, t], beams)), state)
        np.testing.assert_allclose(
            as_array(log_p), np.repeat(whole[:, t], beams, axis=0), rtol=0, atol=tolerance(whole)
        )


def outputs_of(model: keras.Model, inputs: Inputs) -> np.ndarray:
    """Return the outputs of a model in inference as a NumPy array."""
    return as_array(model(inputs, training=False))


def as_array(tensor: Any) -> np.ndarray:
    """Convert a tensor to a NumPy array."""
    return ops.convert_to_numpy(tensor)
