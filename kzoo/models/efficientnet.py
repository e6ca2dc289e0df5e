"""EfficientNet-Lite0, a classifier of photographs whose trained weights encode images for captioning.

It is the EfficientNet-B0 of Tan and Le (2019, arXiv 1905.11946) as Google published it for mobile devices
(2020, tensorflow/tpu, `efficientnet/lite`): without squeeze-and-excitation, with ReLU6 in place of swish.

    block(x) = x + BN(conv1x1(ReLU6(BN(depthwise(ReLU6(BN(conv1x1(x))))))))

The first 1x1 convolution multiplies the channels by `expansion`, the last one sets the block's own. A block
that changes the channels or has a stride has no sum. The padding is TensorFlow's "same". The published
network also drops whole blocks at random in training, which this one does not.
"""

from __future__ import annotations

from typing import NamedTuple

import keras
from keras import KerasTensor, layers

from kzoo.models.catalog import CARDS
from kzoo.registry import register_model


class Stage(NamedTuple):
    """A number of blocks in a row; the first has the stride of the stage."""

    blocks: int
    kernel_size: int
    stride: int
    expansion: int
    filters: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)
"""The stages between the first convolution (stride 2, 32 filters) and the last (1x1, 1280 filters)."""

DIVISOR, MEAN, DEVIATION = 256, 127, 128
"""Pixels come divided by `DIVISOR`; the published network reads (pixel - `MEAN`) / `DEVIATION`."""


@register_model(CARDS["efficientnet-lite0"])
def efficientnet_lite0(
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    num_classes: int = 1000,
    dropout: float = 0.2,
) -> keras.Model:
    """Build EfficientNet-Lite0 with its classifier.

    It maps images `(batch, height, width, channels)` with pixels divided by 256, as those of all classifiers,
    to log-probabilities `(batch, num_classes)` in float32. The height and the width may be None.
    """
    inputs = keras.Input(input_shape, name="image")
    x = layers.Rescaling(DIVISOR / DEVIATION, -MEAN / DEVIATION, name="rescale")(inputs)
    x = _activate(_convolve(x, 32, 3, "conv1", strides=2), "conv1")
    block = 0
    for stage in STAGES:
        for index in range(stage.blocks):
            block += 1
            x = _block(x, stage, stage.stride if index == 0 else 1, f"block{block}")
    x = _activate(_convolve(x, 1280, 1, "head"), "head")
    x = layers.GlobalAveragePooling2D(name="average")(x)
    x = layers.Dropout(dropout, seed=0, name="fc1_dropout")(x)
    logits = layers.Dense(num_classes, name="fc1")(x)
    outputs = layers.Activation("log_softmax", dtype="float32", name="log_probabilities")(logits)
    return keras.Model(inputs, outputs, name="efficientnet-lite0")


def _block(inputs: KerasTensor, stage: Stage, stride: int, name: str) -> KerasTensor:
    """Apply an inverted residual block (Sandler et al., 2018, arXiv 1801.04381)."""
    x = inputs
    if stage.expansion > 1:
        expanded = f"{name}_expand"
        x = _activate(_convolve(x, stage.expansion * x.shape[-1], 1, expanded), expanded)
    filtered = f"{name}_depthwise"
    x = layers.DepthwiseConv2D(stage.kernel_size, stride, "same", use_bias=False, name=filtered)(x)
    x = _activate(layers.BatchNormalization(name=f"{filtered}_bn")(x), filtered)
    x = _convolve(x, stage.filters, 1, f"{name}_project")
    return layers.Add(name=f"{name}_sum")([inputs, x]) if x.shape == inputs.shape else x


def _convolve(x: KerasTensor, filters: int, kernel_size: int, name: str, strides: int = 1) -> KerasTensor:
    """Apply a convolution and a batch normalisation, whose constants are the defaults of Keras."""
    x = layers.Conv2D(filters, kernel_size, strides, "same", use_bias=False, name=name)(x)
    return layers.BatchNormalization(name=f"{name}_bn")(x)


def _activate(x: KerasTensor, name: str) -> KerasTensor:
    return layers.ReLU(max_value=6, name=f"{name}_relu")(x)
