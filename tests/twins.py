"""A model that writes sequences against the same one in plain PyTorch, and against itself step by step."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import torch
from gradients import differentiate
from keras import ops

from kzoo.decoding.adapter import SequenceAdapter, source_input
from kzoo.pytorch.weights import torch_layout
from kzoo.training.objective import token_negative_log_likelihood

Inputs = dict[str, np.ndarray]


def draw_ids(lengths: tuple[int, ...], vocabulary: int, seed: int) -> np.ndarray:
    """Rows of these lengths, padded with 0."""
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
        if "bias_hh" not in key  # Keras's one bias has the gradient of each of the two
    }
    outputs, computed = differentiate(model, inputs, labels, True, token_negative_log_likelihood)
    paths = [variable.path for variable in model.trainable_variables]
    gradients = torch_layout(module, dict(zip(paths, computed, strict=True)))
    np.testing.assert_allclose(outputs, expected.detach().numpy(), rtol=0, atol=tolerance(outputs))
    assert gradients.keys() == wanted.keys()
    for key, gradient in wanted.items():
        if key == "target_embedding.weight":  # PyTorch leaves the looked-up padding out
            gradient, gradients[key] = gradient[1:], gradients[key][1:]
        np.testing.assert_allclose(gradients[key], gradient, rtol=0, atol=1e-4, err_msg=key)


def tolerance(log_probabilities: np.ndarray) -> float:
    """1e-5 for numbers up to 10, and as many digits of larger ones, which a layer normalisation makes."""
    return 1e-6 * max(10, np.abs(log_probabilities).max())


def check_steps(adapter: SequenceAdapter, model: keras.Model, inputs: Inputs, beams: int = 1) -> None:
    """Check that decoding a step at a time gives what the training graph gives at once, on every beam."""
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
    """In inference."""
    return as_array(model(inputs, training=False))


def as_array(tensor: Any) -> np.ndarray:
    """As NumPy."""
    return ops.convert_to_numpy(tensor)
