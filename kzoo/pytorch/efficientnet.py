"""EfficientNet-Lite0 as an `nn.Module` over images `(batch, channels, height, width)`.

Its modules are in the order of the published weights (`kzoo.features.imagenet`).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

BLOCKS = (
    *((3, 1, 1, 16),),
    *((3, 2, 6, 24), (3, 1, 6, 24)),
    *((5, 2, 6, 40), (5, 1, 6, 40)),
    *((3, 2, 6, 80), (3, 1, 6, 80), (3, 1, 6, 80)),
    *((5, 1, 6, 112), (5, 1, 6, 112), (5, 1, 6, 112)),
    *((5, 2, 6, 192), (5, 1, 6, 192), (5, 1, 6, 192), (5, 1, 6, 192)),
    *((3, 1, 6, 320),),
)
"""The kernel size, stride, expansion and output channels of each block."""


class SameConv2d(nn.Conv2d):
    """A convolution without bias and with TensorFlow's "same" padding, whose odd part is after the image."""

    def __init__(self, inputs: int, outputs: int, kernel_size: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(inputs, outputs, kernel_size, stride, groups=groups, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        width, height = (max(kernel - stride + -size % stride, 0) for size in (x.shape[3], x.shape[2]))
        x = F.pad(x, (width // 2, width - width // 2, height // 2, height - height // 2))
        return super().forward(x)


def batch_norm(channels: int) -> nn.BatchNorm2d:
    """Return a batch normalisation with TensorFlow's constants."""
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class InvertedResidual(nn.Module):
    """A block: expansion, depthwise convolution, projection, and a sum with the input of the same shape."""

    def __init__(self, inputs: int, kernel_size: int, stride: int, expansion: int, outputs: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.expands = expansion > 1
        if self.expands:
            self.expand = SameConv2d(inputs, hidden, 1)
            self.expand_bn = batch_norm(hidden)
        self.depthwise = SameConv2d(hidden, hidden, kernel_size, stride, groups=hidden)
        self.depthwise_bn = batch_norm(hidden)
        self.project = SameConv2d(hidden, outputs, 1)
        self.project_bn = batch_norm(outputs)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inputs = x
        if self.expands:
            x = F.relu6(self.expand_bn(self.expand(x)))
        x = F.relu6(self.depthwise_bn(self.depthwise(x)))
        x = self.project_bn(self.project(x))
        return inputs + x if self.residual else x


class EfficientNetLite0(nn.Module):
    """The network `efficientnet-lite0`; it reads pixels divided by 256."""

    def __init__(
        self,
        input_shape: tuple[int, int, int] = (224, 224, 3),
        num_classes: int = 1000,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        self.conv1 = SameConv2d(input_shape[-1], 32, 3, stride=2)
        self.conv1_bn = batch_norm(32)
        channels = [32, *(outputs for *_, outputs in BLOCKS)]
        self.blocks = nn.Sequential(
            *(InvertedResidual(inputs, *block) for inputs, block in zip(channels, BLOCKS, strict=False))
        )
        self.head = SameConv2d(channels[-1], 1280, 1)
        self.head_bn = batch_norm(1280)
        self.drop = nn.Dropout(dropout)
        self.fc1 = nn.Linear(1280, num_classes)

    def maps(self, x: torch.Tensor, blocks: int = len(BLOCKS)) -> torch.Tensor:
        """Return the maps after this number of blocks."""
        x = (x * 256 - 127) / 128
        x = F.relu6(self.conv1_bn(self.conv1(x)))
        return self.blocks[:blocks](x)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu6(self.head_bn(self.head(self.maps(x))))
        x = self.fc1(self.drop(x.mean(dim=(2, 3))))
        return F.log_softmax(x, dim=-1)
