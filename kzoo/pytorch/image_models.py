"""The image models as `nn.Module`s over images `(batch, channels, height, width)`.

Each takes the options of the zoo's builder except `convention`, because PyTorch's defaults apply. A module
with weights has the name of the Keras layer whose weights it takes (`weights.py`). `flattened` is the shape
of the input of `fc1` before it is flattened, in Keras's order: height, width, channels.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import nn

from kzoo.pytorch.efficientnet import EfficientNetLite0

Shape = tuple[int, int, int]


class TinyCNN(nn.Module):
    """The network `tiny-cnn` (R001 1.1)."""

    def __init__(self, input_shape: Shape = (28, 28, 3), num_classes: int = 10, filters: int = 8) -> None:
        super().__init__()
        height, width, channels = input_shape
        self.flattened = (height - 8) // 2 + 1, (width - 8) // 2 + 1, filters
        self.conv1 = nn.Conv2d(channels, filters, 5)
        self.fc1 = nn.Linear(math.prod(self.flattened), num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.conv1(x))
        x = F.max_pool2d(x, 4, stride=2)
        x = self.fc1(x.flatten(1))
        return F.log_softmax(x, dim=-1)


class MLP(nn.Module):
    """The network `mlp` (R001 1.2)."""

    def __init__(
        self, input_shape: Shape = (28, 28, 3), num_classes: int = 10, hidden_units: int = 100
    ) -> None:
        super().__init__()
        height, width, channels = input_shape
        self.flattened = height, width, channels
        self.fc1 = nn.Linear(math.prod(self.flattened), hidden_units)
        self.fc2 = nn.Linear(hidden_units, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.fc1(x.flatten(1)))
        x = self.fc2(x)
        return F.log_softmax(x, dim=-1)


class PooledCNN(nn.Module):
    """Two pooled convolutions and three dense layers (R000 2, R001 2, R002 2, R004 2.1)."""

    def __init__(
        self,
        filters: tuple[int, int],
        kernel_size: int,
        units: tuple[int, int],
        dropout: float,
        num_classes: int,
        input_shape: Shape = (28, 28, 1),
    ) -> None:
        super().__init__()
        height, width, channels = input_shape
        self.flattened = (height // 2 - 2) // 2, (width // 2 - 2) // 2, filters[1]
        self.conv1 = nn.Conv2d(channels, filters[0], kernel_size, padding=kernel_size // 2)
        self.conv2 = nn.Conv2d(filters[0], filters[1], 3)
        self.fc1 = nn.Linear(math.prod(self.flattened), units[0])
        self.drop = nn.Dropout(dropout)
        self.fc2 = nn.Linear(units[0], units[1])
        self.fc3 = nn.Linear(units[1], num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = self.drop(F.relu(self.fc1(x.flatten(1))))
        x = self.fc3(F.relu(self.fc2(x)))
        return F.log_softmax(x, dim=-1)


class StridedCNN(nn.Module):
    """The network `oct-cnn-strided` (R004 2.2)."""

    def __init__(self, input_shape: Shape = (28, 28, 1), num_classes: int = 4, dropout: float = 0.7) -> None:
        super().__init__()
        height, width, channels = input_shape
        self.flattened = ((height + 1) // 2 - 1) // 2, ((width + 1) // 2 - 1) // 2, 16
        self.conv1 = nn.Conv2d(channels, 8, 3, stride=2, padding=1)
        self.conv2 = nn.Conv2d(8, 16, 3, stride=2)
        self.fc1 = nn.Linear(math.prod(self.flattened), 320)
        self.drop = nn.Dropout(dropout)
        self.fc2 = nn.Linear(320, 120)
        self.fc3 = nn.Linear(120, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = self.drop(F.relu(self.fc1(x.flatten(1))))
        x = self.fc3(F.relu(self.fc2(x)))
        return F.log_softmax(x, dim=-1)


class BlockCNN(nn.Module):
    """The network `cnn` (R003 2.1)."""

    def __init__(self, input_shape: Shape = (48, 48, 3), num_classes: int = 6, dropout: float = 0.1) -> None:
        super().__init__()
        height, width, channels = input_shape
        self.conv1 = nn.Conv2d(channels, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 64, 3, padding=1)
        self.conv3 = nn.Conv2d(64, 128, 3, padding=1)
        self.drop = nn.Dropout(dropout)
        self.flattened = height // 8, width // 8, 128
        self.fc1 = nn.Linear(math.prod(self.flattened), 1024)
        self.fc2 = nn.Linear(1024, 512)
        self.fc3 = nn.Linear(512, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.drop(F.max_pool2d(F.relu(self.conv1(x)), 2))
        x = self.drop(F.max_pool2d(F.relu(self.conv2(x)), 2))
        x = self.drop(F.max_pool2d(F.relu(self.conv3(x)), 2))
        x = self.drop(F.relu(self.fc1(x.flatten(1))))
        x = self.fc3(F.relu(self.fc2(x)))
        return F.log_softmax(x, dim=-1)


class ConvBlocks(nn.Module):
    """The three blocks of R003 2.2: convolution, batch normalisation, ReLU, pooling, dropout."""

    def __init__(self, channels: int = 3, dropout: float = 0.0) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 32, 3, padding=1)
        self.conv1_bn = nn.BatchNorm2d(32)
        self.conv2 = nn.Conv2d(32, 64, 3, padding=1)
        self.conv2_bn = nn.BatchNorm2d(64)
        self.conv3 = nn.Conv2d(64, 128, 3, padding=1)
        self.conv3_bn = nn.BatchNorm2d(128)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.drop(F.max_pool2d(F.relu(self.conv1_bn(self.conv1(x))), 2))
        x = self.drop(F.max_pool2d(F.relu(self.conv2_bn(self.conv2(x))), 2))
        return self.drop(F.max_pool2d(F.relu(self.conv3_bn(self.conv3(x))), 2))


class BatchNormCNN(ConvBlocks):
    """The networks `cnn-bn`, `cnn-bn-6way` and `cnn-bn-flatten` (R003 2.2 and 2.3)."""

    def __init__(
        self,
        average: bool = True,
        hidden_units: int | None = None,
        input_shape: Shape = (48, 48, 3),
        num_classes: int = 512,
        dropout: float = 0.1,
    ) -> None:
        height, width, channels = input_shape
        super().__init__(channels, dropout)
        self.average = average
        self.flattened = (1, 1, 128) if average else (height // 8, width // 8, 128)
        self.fc1 = nn.Linear(math.prod(self.flattened), 1024)
        self.fc1_bn = nn.BatchNorm1d(1024)
        self.fc2 = nn.Linear(1024, hidden_units or num_classes)
        self.fc3 = nn.Linear(hidden_units, num_classes) if hidden_units else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = super().forward(x)
        x = x.mean(dim=(2, 3)) if self.average else x.flatten(1)
        x = self.drop(self.fc1_bn(F.relu(self.fc1(x))))
        x = self.fc2(x)
        if self.fc3 is not None:
            x = self.fc3(F.relu(x))
        return F.log_softmax(x, dim=-1)


IMAGE_MODELS: dict[str, Callable[..., nn.Module]] = {
    "tiny-cnn": TinyCNN,
    "mlp": MLP,
    "fashion-cnn": partial(
        PooledCNN, filters=(16, 32), kernel_size=3, units=(600, 120), dropout=0.5, num_classes=10
    ),
    "kmnist-cnn": partial(
        PooledCNN, filters=(8, 16), kernel_size=5, units=(600, 120), dropout=0.3, num_classes=10
    ),
    "oct-cnn": partial(
        PooledCNN, filters=(8, 16), kernel_size=3, units=(320, 120), dropout=0.7, num_classes=4
    ),
    "oct-cnn-strided": StridedCNN,
    "cnn": BlockCNN,
    "cnn-bn": BatchNormCNN,
    "cnn-bn-6way": partial(BatchNormCNN, hidden_units=512, num_classes=6),
    "cnn-bn-flatten": partial(BatchNormCNN, average=False),
    "efficientnet-lite0": EfficientNetLite0,
}
