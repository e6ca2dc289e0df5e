"""Every image model of the zoo against the same network in plain PyTorch, with the same weights."""

from __future__ import annotations

import numpy as np
import pytest
from gradients import differentiate

from kzoo.registry import card, check_options, create_model, default_options, list_models

torch = pytest.importorskip("torch")

from kzoo.pytorch.caption_models import CAPTION_MODELS  # noqa: E402
from kzoo.pytorch.image_models import IMAGE_MODELS  # noqa: E402
from kzoo.pytorch.images import tensors  # noqa: E402
from kzoo.pytorch.speech_models import SPEECH_MODELS  # noqa: E402
from kzoo.pytorch.text_models import TEXT_MODELS  # noqa: E402
from kzoo.pytorch.weights import copy_to_twin, torch_layout  # noqa: E402

BATCH = 5

DEEP = "efficientnet-lite0"
"""A network of 49 batch normalisations; in training the rounding of the first changes gradients by 1 %."""

# Small, because a batch normalisation divides the rounding of a unit that hardly varies by almost nothing.
BATCH_NORM = {
    "gamma": (0.1, 0.3),
    "beta": (-0.1, 0.1),
    "moving_mean": (-0.1, 0.1),
    "moving_variance": (0.02, 0.08),
}

NAMES = [name for name in list_models() if card(name).task == "image classification"]

# Without dropout, training and inference differ by batch normalisation only.
CASES = [(name, True) for name in NAMES if name != DEEP] + [
    (name, False) for name in NAMES if "bn" in name or name == DEEP
]


def twins(name: str):
    """A model and its reference with the same weights, without dropout, and a batch for both."""
    options = {"dropout": 0.0} if "dropout" in default_options(name) else {}
    model = create_model(name, seed=7, **options)
    rng = np.random.default_rng(7)
    for variable in model.weights:
        if variable.name in BATCH_NORM:
            variable.assign(rng.uniform(*BATCH_NORM[variable.name], variable.shape))
    module = IMAGE_MODELS[name](**options)
    copy_to_twin(model, module)
    resolved = check_options(name, options)
    # Noise of different brightness: the features of plain noise are the same in every image on average.
    brightness = np.linspace(50, 250, BATCH, dtype=int)[:, None, None, None]
    images = rng.integers(0, brightness, (BATCH, *resolved["input_shape"])).astype(np.uint8)
    labels = rng.integers(0, resolved["num_classes"], BATCH).astype("int32")
    return model, module, images, labels


def test_every_model_has_a_reference():
    assert sorted({*IMAGE_MODELS, *TEXT_MODELS, *CAPTION_MODELS, *SPEECH_MODELS}) == sorted(list_models())


@pytest.mark.parametrize(("name", "training"), CASES)
def test_equals_plain_pytorch(name, training):
    model, module, images, labels = twins(name)
    module.train(training)
    X, y = tensors(images, labels)
    expected = module(X)
    torch.nn.NLLLoss()(expected, y).backward()
    wanted = {key: parameter.grad.numpy() for key, parameter in module.named_parameters()}

    outputs, computed = differentiate(model, (images / 256).astype("float32"), labels, training)
    paths = [variable.path for variable in model.trainable_variables]
    gradients = torch_layout(module, dict(zip(paths, computed, strict=True)))

    largest = expected.detach().abs().max().item()
    np.testing.assert_allclose(outputs, expected.detach().numpy(), rtol=0, atol=1e-5 * largest)
    assert gradients.keys() == wanted.keys()
    for key, gradient in wanted.items():
        np.testing.assert_allclose(gradients[key], gradient, rtol=0, atol=1e-4, err_msg=key)
