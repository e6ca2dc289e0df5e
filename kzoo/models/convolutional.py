"""The image classifiers of R000-R004.

Every model maps images `(batch, height, width, channels)` with pixels divided by 256 to log-probabilities
`(batch, num_classes)` in float32. A convolution and its ReLU are separate layers, so that the output of
`conv1` is what the reports draw as its activation maps. `convention` names the framework whose constants of
batch normalisation are used (`kzoo.models.initialization`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
from keras import KerasTensor, layers

from kzoo.layers import BatchNormalization, MaxPooling2D
from kzoo.models.catalog import CARDS
from kzoo.registry import register_model

Shape = tuple[int, int, int]
BatchNorm = Callable[..., layers.Layer]

BATCH_NORMS: dict[str, BatchNorm] = {"keras": layers.BatchNormalization, "pytorch": BatchNormalization}
"""The batch normalisation layer of each convention, with the constants of its framework."""


def _relu_dense(x: KerasTensor, units: int, index: int) -> KerasTensor:
    x = layers.Dense(units, name=f"fc{index}")(x)
    return layers.ReLU(name=f"fc{index}_relu")(x)


def _dropout(x: KerasTensor, rate: float, name: str) -> KerasTensor:
    """Apply dropout whose random state is part of the model's state.

    On PyTorch Keras keeps the random state there only if a seed is given. `draw_weights` draws it anew.
    """
    return layers.Dropout(rate, seed=0, name=name)(x)


def _classifier(inputs: KerasTensor, logits: KerasTensor, name: str) -> keras.Model:
    """End a model with a log-softmax, in float32 at any precision of the other layers."""
    outputs = layers.Activation("log_softmax", dtype="float32", name="log_probabilities")(logits)
    return keras.Model(inputs, outputs, name=name)


def _conv_relu_pool(
    x: KerasTensor,
    filters: int,
    kernel_size: int,
    padding: str,
    index: int,
    batch_norm: BatchNorm | None = None,
) -> KerasTensor:
    x = layers.Conv2D(filters, kernel_size, padding=padding, name=f"conv{index}")(x)
    if batch_norm is not None:
        x = batch_norm(name=f"conv{index}_bn")(x)
    x = layers.ReLU(name=f"conv{index}_relu")(x)
    return MaxPooling2D(2, name=f"pool{index}")(x)


# ---- 28 x 28: a course exercise's two networks (R001 1) ----


@register_model(CARDS["tiny-cnn"])
def tiny_cnn(input_shape: Shape = (28, 28, 3), num_classes: int = 10, filters: int = 8) -> keras.Model:
    """Build a classifier of one convolution, one overlapping pooling and a linear layer (R001 1.1)."""
    inputs = keras.Input(input_shape, name="image")
    x = layers.Conv2D(filters, 5, name="conv1")(inputs)
    x = layers.ReLU(name="conv1_relu")(x)
    x = layers.MaxPooling2D(4, strides=2, name="pool1")(x)
    x = layers.Flatten(name="flatten")(x)
    return _classifier(inputs, layers.Dense(num_classes, name="fc1")(x), "tiny-cnn")


@register_model(CARDS["mlp"])
def mlp(
    input_shape: Shape = (28, 28, 3),
    num_classes: int = 10,
    hidden_units: int = 100,
) -> keras.Model:
    """Build a network of one hidden layer, the fully connected counterpart of `tiny-cnn` (R001 1.2)."""
    inputs = keras.Input(input_shape, name="image")
    x = layers.Flatten(name="flatten")(inputs)
    x = _relu_dense(x, hidden_units, 1)
    return _classifier(inputs, layers.Dense(num_classes, name="fc2")(x), "mlp")


# ---- 28 x 28: two convolutions and three dense layers (R000 2, R001 2, R002 2, R004 2) ----


def _pooled(x: KerasTensor, filters: Sequence[int], kernel_sizes: Sequence[int]) -> KerasTensor:
    x = _conv_relu_pool(x, filters[0], kernel_sizes[0], "same", 1)
    return _conv_relu_pool(x, filters[1], kernel_sizes[1], "valid", 2)


def _strided(x: KerasTensor, filters: Sequence[int]) -> KerasTensor:
    # Keras's "same" at stride 2 pads below and to the right only; PyTorch's padding=1 pads all four sides.
    x = layers.ZeroPadding2D(1, name="pad1")(x)
    for index, count in enumerate(filters, start=1):
        x = layers.Conv2D(count, 3, strides=2, name=f"conv{index}")(x)
        x = layers.ReLU(name=f"conv{index}_relu")(x)
    return x


def _dense_head(x: KerasTensor, units: Sequence[int], dropout: float, num_classes: int) -> KerasTensor:
    x = layers.Flatten(name="flatten")(x)
    x = _relu_dense(x, units[0], 1)
    x = _dropout(x, dropout, "fc1_dropout")
    x = _relu_dense(x, units[1], 2)
    return layers.Dense(num_classes, name="fc3")(x)


@register_model(CARDS["fashion-cnn"])
def fashion_cnn(input_shape: Shape = (28, 28, 1), num_classes: int = 10, dropout: float = 0.5) -> keras.Model:
    """Build two pooled convolutions and three dense layers, for Fashion-MNIST (R001 2)."""
    inputs = keras.Input(input_shape, name="image")
    x = _pooled(inputs, filters=(16, 32), kernel_sizes=(3, 3))
    return _classifier(inputs, _dense_head(x, (600, 120), dropout, num_classes), "fashion-cnn")


@register_model(CARDS["kmnist-cnn"])
def kmnist_cnn(input_shape: Shape = (28, 28, 1), num_classes: int = 10, dropout: float = 0.3) -> keras.Model:
    """Build two pooled convolutions and three dense layers, for Kuzushiji-MNIST (R000 2, R002 2)."""
    inputs = keras.Input(input_shape, name="image")
    x = _pooled(inputs, filters=(8, 16), kernel_sizes=(5, 3))
    return _classifier(inputs, _dense_head(x, (600, 120), dropout, num_classes), "kmnist-cnn")


@register_model(CARDS["oct-cnn"])
def oct_cnn(input_shape: Shape = (28, 28, 1), num_classes: int = 4, dropout: float = 0.7) -> keras.Model:
    """Build two pooled convolutions and three dense layers, for OCTMNIST (R004 2.1)."""
    inputs = keras.Input(input_shape, name="image")
    x = _pooled(inputs, filters=(8, 16), kernel_sizes=(3, 3))
    return _classifier(inputs, _dense_head(x, (320, 120), dropout, num_classes), "oct-cnn")


@register_model(CARDS["oct-cnn-strided"])
def oct_cnn_strided(
    input_shape: Shape = (28, 28, 1), num_classes: int = 4, dropout: float = 0.7
) -> keras.Model:
    """Build `oct-cnn` with both convolutions at stride 2 and no pooling, 28 -> 14 -> 6 (R004 2.2)."""
    inputs = keras.Input(input_shape, name="image")
    x = _strided(inputs, filters=(8, 16))
    return _classifier(inputs, _dense_head(x, (320, 120), dropout, num_classes), "oct-cnn-strided")


# ---- 48 x 48: three convolution blocks (R003 2) ----


def conv_blocks(inputs: KerasTensor, dropout: float, batch_norm: BatchNorm | None) -> KerasTensor:
    """Apply three blocks of convolution, ReLU and pooling: maps `(batch, height / 8, width / 8, 128)`."""
    x = inputs
    for index, filters in enumerate((32, 64, 128), start=1):
        x = _conv_relu_pool(x, filters, 3, "same", index, batch_norm)
        x = _dropout(x, dropout, f"dropout{index}")
    return x


def _normalised_dense(x: KerasTensor, dropout: float, batch_norm: BatchNorm) -> KerasTensor:
    """Apply the dense layer of 1024 units, batch normalisation and dropout that R003's networks share."""
    x = _relu_dense(x, 1024, 1)
    x = batch_norm(name="fc1_bn")(x)
    return _dropout(x, dropout, "fc1_dropout")


@register_model(CARDS["cnn"])
def cnn(input_shape: Shape = (48, 48, 3), num_classes: int = 6, dropout: float = 0.1) -> keras.Model:
    """Build a classifier of three convolution blocks, a flatten and three dense layers (R003 2.1)."""
    inputs = keras.Input(input_shape, name="image")
    x = layers.Flatten(name="flatten")(conv_blocks(inputs, dropout, batch_norm=None))
    x = _relu_dense(x, 1024, 1)
    x = _dropout(x, dropout, "fc1_dropout")
    x = _relu_dense(x, 512, 2)
    return _classifier(inputs, layers.Dense(num_classes, name="fc3")(x), "cnn")


@register_model(CARDS["cnn-bn"])
def cnn_bn(
    input_shape: Shape = (48, 48, 3),
    num_classes: int = 512,
    dropout: float = 0.1,
    convention: str = "pytorch",
) -> keras.Model:
    """Build `cnn` with batch normalisation and global average pooling, and 512 outputs (R003 2.2)."""
    batch_norm = BATCH_NORMS[convention]
    inputs = keras.Input(input_shape, name="image")
    x = layers.GlobalAveragePooling2D(name="average")(conv_blocks(inputs, dropout, batch_norm))
    x = _normalised_dense(x, dropout, batch_norm)
    return _classifier(inputs, layers.Dense(num_classes, name="fc2")(x), "cnn-bn")


@register_model(CARDS["cnn-bn-6way"])
def cnn_bn_6way(
    input_shape: Shape = (48, 48, 3), num_classes: int = 6, dropout: float = 0.1, convention: str = "pytorch"
) -> keras.Model:
    """Build `cnn-bn` plus a ReLU and a dense layer of one unit per class (the assignment of R003 2.2)."""
    batch_norm = BATCH_NORMS[convention]
    inputs = keras.Input(input_shape, name="image")
    x = layers.GlobalAveragePooling2D(name="average")(conv_blocks(inputs, dropout, batch_norm))
    x = _relu_dense(_normalised_dense(x, dropout, batch_norm), 512, 2)
    return _classifier(inputs, layers.Dense(num_classes, name="fc3")(x), "cnn-bn-6way")


@register_model(CARDS["cnn-bn-flatten"])
def cnn_bn_flatten(
    input_shape: Shape = (48, 48, 3),
    num_classes: int = 512,
    dropout: float = 0.1,
    convention: str = "pytorch",
) -> keras.Model:
    """Build `cnn-bn` with the 4,608 features flattened instead of averaged (R003 2.3)."""
    batch_norm = BATCH_NORMS[convention]
    inputs = keras.Input(input_shape, name="image")
    x = layers.Flatten(name="flatten")(conv_blocks(inputs, dropout, batch_norm))
    x = _normalised_dense(x, dropout, batch_norm)
    return _classifier(inputs, layers.Dense(num_classes, name="fc2")(x), "cnn-bn-flatten")
