"""Frozen encoders, which turn an image into regions for captioning."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kzoo import registry
from kzoo.data.search_path import shared_folders
from kzoo.errors import KzooError, UsageError
from kzoo.extras import require
from kzoo.features.imagenet import EFFICIENTNET, load_efficientnet
from kzoo.models import catalog
from kzoo.shipped import is_shipped
from kzoo.training.engines import engine
from kzoo.training.objective import scale_pixels

RESNET, PRESET = "resnet18", "resnet_18_imagenet"
"""The name of R001's encoder, and the name of its keras-hub preset."""

LAST_BLOCK = "block11_sum"
"""The layer of EfficientNet-Lite0 whose output holds the regions."""

BATCH = 16


@dataclass(frozen=True)
class Encoder:
    """A frozen image encoder.

    `encode(images)` maps uint8 `(count, height, width, 3)` to regions `(count, regions, features)` in
    float32. `identity` names the network and its weights: equal identities give equal regions. Images are
    resized to `size` x `size` unless the recipe sets another size.
    """

    encode: Callable[[np.ndarray], np.ndarray]
    features: int
    size: int
    identity: str


@lru_cache(maxsize=1)
def open_encoder(name: str) -> Encoder:
    """Open the encoder that `model.encoder` names: one of `PRETRAINED`, or the run of a classifier.

    Raises:
        UsageError: the name is neither, or the model of the run has no convolution or does not read colours.
        MissingExtraError: the package that holds the weights is needed and not installed.
    """
    if name in PRETRAINED:
        return PRETRAINED[name]()
    from kzoo.training.run import open_run

    path = Path(name)
    if not path.is_dir() and not is_shipped(path):
        raise UsageError(
            f"no encoder is called {name!r}: expected {', '.join(PRETRAINED)}, conv, or the run of a "
            "classifier"
        )
    run = open_run(path)
    model, chosen = run.recipe().model.name, run.recipe().training.tested_epoch
    if (task := registry.card(model).task) != catalog.IMAGES:
        raise UsageError(f"{path} is a run of {task}: an encoder is one of {catalog.IMAGES}")
    maps = trunk(run.load_model(chosen))
    if (channels := maps.input_shape[-1]) != 3:
        raise UsageError(f"the model of {path} reads images of {channels} channel: an encoder reads 3 (RGB)")
    identity = f"{model} {run.model_sha256(chosen)}"
    return _encoder(maps, scale_pixels, size=128, identity=identity)


def trunk(classifier: keras.Model) -> keras.Model:
    """Return the layers of a classifier up to its last feature map, for images of any size.

    Raises:
        UsageError: the classifier has no feature map.
    """
    maps = [layer.output for layer in classifier.layers[1:] if len(layer.output.shape) == 4]
    if not maps:
        raise UsageError(f"{classifier.name} has no feature map: name a run of a network with convolutions")
    inputs = keras.Input((None, None, classifier.input_shape[-1]))
    # `call` is the graph of the layers, without the check of the size for which the classifier was built.
    outputs = keras.Model(classifier.input, maps[-1]).call(inputs)
    return keras.Model(inputs, outputs, name=f"{classifier.name}-trunk")


def _open_resnet() -> Encoder:
    hub = require("keras_hub", "resnet", f"the encoder {RESNET}")
    found = (folder for folder in shared_folders(RESNET) if (folder / "config.json").is_file())
    preset = str(next(found, PRESET))
    try:
        backbone = hub.models.Backbone.from_preset(preset, dtype="float32")
        converter = hub.layers.ImageConverter.from_preset(preset, image_size=None, dtype="float32")
    except Exception as error:  # keras-hub raises other types if offline, for unknown presets and bad files
        places = ", ".join(map(str, shared_folders(RESNET)))
        raise KzooError(
            f"the weights of {RESNET} could not be loaded ({str(error).splitlines()[0]}): put the preset "
            f"{PRESET} of keras-hub into one of {places}, or train an encoder: --set model.encoder=conv"
        ) from error
    return _encoder(backbone, converter, size=512, identity=f"{RESNET} {_digest(backbone)}")


def _open_efficientnet() -> Encoder:
    """Open EfficientNet-Lite0 up to block 11, after which its maps are 32 times smaller than the image.

    An image of 256x256 pixels has 16x16 regions of 112 features. R001's ResNet-18 has as many regions, of 512
    features, at 512x512. At that size the later maps of this network (192 and 320 features) have as many too,
    but captions of Sydney's validation images were worse from them.
    """
    classifier = load_efficientnet(None, None)
    maps = keras.Model(classifier.input, classifier.get_layer(LAST_BLOCK).output, name=EFFICIENTNET)
    return _encoder(maps, scale_pixels, size=256, identity=f"{EFFICIENTNET} {LAST_BLOCK} {_digest(maps)}")


PRETRAINED = {RESNET: _open_resnet, EFFICIENTNET: _open_efficientnet}
"""The encoders with published weights by their names."""


def _digest(model: keras.Model) -> str:
    """Return the hash of a model's weights."""
    digest = hashlib.sha256()
    for weight in model.get_weights():
        digest.update(weight.tobytes())
    return digest.hexdigest()


def _encoder(maps: keras.Model, prepare: Callable[[Any], Any], size: int, identity: str) -> Encoder:
    def regions(images: Any) -> Any:
        encoded = maps(prepare(images), training=False)
        count, _, _, features = keras.ops.shape(encoded)
        return keras.ops.cast(keras.ops.reshape(encoded, (count, -1, features)), "float32")

    compiled = engine().compile_function(regions, maps.variables)

    def encode(images: np.ndarray) -> np.ndarray:
        _check_size(maps, *images.shape[1:3])
        parts = []
        for start in range(0, len(images), BATCH):
            rows = np.arange(BATCH) % min(BATCH, len(images) - start) + start
            encoded = keras.ops.convert_to_numpy(compiled(images[rows]))
            parts.append(encoded[: len(images) - start])
        return np.concatenate(parts)

    return Encoder(encode, maps.output_shape[-1], size, identity)


def _check_size(maps: keras.Model, height: int, width: int) -> None:
    """Raise UsageError if the last feature map of images of this size would be empty."""
    try:
        _, *grid, _ = maps.compute_output_shape((1, height, width, 3))
    except ValueError:  # a convolution or pooling window is larger than its input
        grid = [0, 0]
    if min(grid) < 1:
        raise UsageError(
            f"images of {height}x{width} pixels are too small for {maps.name}: set a larger data.image_size"
        )
