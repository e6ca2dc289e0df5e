"""Every character translator against plain PyTorch, with the same weights, on a batch with padding."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from gradients import differentiate

from kzoo.models.conventions import draw_weights
from kzoo.models.seq2seq import ATTENTIONS, begin_decoding, encoder_graph, has_attention, seq2seq
from kzoo.registry import card, create_model
from kzoo.training.objective import token_negative_log_likelihood

torch = pytest.importorskip("torch")

from reference.text_models import TEXT_MODELS  # noqa: E402
from reference.weights import copy_weights, torch_layout  # noqa: E402

SOURCE_LENGTHS, TARGET_LENGTHS = (7, 1, 11, 4, 11), (5, 3, 2, 9, 9)


def ids(lengths: tuple[int, ...], vocabulary: int, seed: int) -> np.ndarray:
    """Rows of these lengths, padded with 0."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(1, vocabulary, (len(lengths), max(lengths)))
    return np.where(np.arange(max(lengths)) < np.array(lengths)[:, None], rows, 0).astype("int32")


def twins(name: str):
    """A model and its reference with the same weights, without dropout, and a batch for both."""
    model = create_model(name, seed=7, dropout=0.0)
    module = TEXT_MODELS[name](dropout=0.0)
    copy_weights(model, module)
    source = ids(SOURCE_LENGTHS, module.source_embedding.num_embeddings, 1)
    target = ids(TARGET_LENGTHS, module.target_embedding.num_embeddings, 2)
    return model, module, source, target


@pytest.mark.parametrize("name", TEXT_MODELS)
def test_has_the_parameters_of_its_card_and_no_second_biases(name):
    two_biases = 4 * (64 + 64 + 128)
    parameters = sum(weight.numel() for weight in TEXT_MODELS[name]().parameters())
    assert card(name).parameters == parameters - two_biases


@pytest.mark.parametrize("name", TEXT_MODELS)
def test_equals_plain_pytorch(name):
    model, module, source, target = twins(name)
    before, after = target[:, :-1], target[:, 1:]
    expected = module(torch.from_numpy(source).long(), torch.from_numpy(before).long())
    labels = torch.from_numpy(after).long()
    torch.nn.functional.nll_loss(expected.flatten(0, 1), labels.flatten(), ignore_index=0).backward()
    wanted = {
        key: parameter.grad.numpy()
        for key, parameter in module.named_parameters()
        if "bias_hh" not in key  # Keras's one bias has the gradient of each of the two
    }
    outputs, computed = differentiate(
        model, {"source_ids": source, "target_ids": before}, after, True, token_negative_log_likelihood
    )
    gradients = torch_layout(model, model.trainable_variables, computed)
    np.testing.assert_allclose(outputs, expected.detach().numpy(), rtol=0, atol=1e-5)
    assert gradients.keys() == wanted.keys()
    for key, gradient in wanted.items():
        if key == "target_embedding.weight":  # PyTorch leaves the looked-up padding out
            gradient, gradients[key] = gradient[1:], gradients[key][1:]
        np.testing.assert_allclose(gradients[key], gradient, rtol=0, atol=1e-4, err_msg=key)


@pytest.mark.parametrize("name", TEXT_MODELS)
def test_a_step_at_a_time_is_the_whole(name):
    model, _, source, target = twins(name)
    whole = keras.ops.convert_to_numpy(model({"source_ids": source, "target_ids": target}))
    step, state = begin_decoding(model, encoder_graph(model)(keras.ops.convert_to_tensor(source)))
    for t in range(target.shape[1]):
        log_p, state = step(keras.ops.convert_to_tensor(target[:, t]), state)
        np.testing.assert_allclose(keras.ops.convert_to_numpy(log_p), whole[:, t], atol=1e-5)


@pytest.mark.parametrize("name", TEXT_MODELS)
def test_padding_changes_nothing(name):
    model, _, source, target = twins(name)
    whole = keras.ops.convert_to_numpy(model({"source_ids": source, "target_ids": target}))
    longer = np.pad(source, [(0, 0), (0, 13)])
    padded = keras.ops.convert_to_numpy(model({"source_ids": longer, "target_ids": target}))
    np.testing.assert_allclose(padded, whole, atol=1e-5)
    alone = keras.ops.convert_to_numpy(
        model({"source_ids": source[3:4, : SOURCE_LENGTHS[3]], "target_ids": target[3:4]})
    )
    np.testing.assert_allclose(alone[0], whole[3], atol=1e-5)


@pytest.mark.parametrize("attention", ATTENTIONS)
@pytest.mark.parametrize("tied", [True, False])
def test_every_attention_and_output(attention, tied, tmp_path):
    model = seq2seq(34, 34, units=12, attention=attention, tied=tied)
    draw_weights(model, "keras", seed=3)
    batch = {"source_ids": ids((7, 4), 34, 1), "target_ids": ids((3, 5), 34, 2)}
    outputs = keras.ops.convert_to_numpy(model(batch))
    assert outputs.shape == (2, 5, 34)
    np.testing.assert_allclose(np.exp(outputs).sum(axis=-1), 1, rtol=1e-5)
    assert has_attention(model) == (attention != "none")
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(keras.ops.convert_to_numpy(again(batch)), outputs, atol=1e-6)
    encoded = encoder_graph(again)(keras.ops.convert_to_tensor(batch["source_ids"]))
    step, state = begin_decoding(again, encoded)
    log_p, _ = step(keras.ops.convert_to_tensor(batch["target_ids"][:, 0]), state)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(log_p), outputs[:, 0], atol=1e-5)


def test_options_out_of_range_are_refused():
    with pytest.raises(ValueError, match="even"):
        seq2seq(34, 34, units=7)
    with pytest.raises(ValueError, match="one of none, bilinear"):
        seq2seq(34, 34, attention="luong")
