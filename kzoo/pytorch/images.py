"""The course's training loop for image classifiers: one step per batch, the validation set in one batch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from kzoo.pytorch.image_models import IMAGE_MODELS

__all__ = ["MODELS", "evaluate", "resident_loss", "tensors", "train"]

MODELS = IMAGE_MODELS


class ImageDataset(Dataset):
    """A data set of images and labels."""

    def __init__(self, X: torch.Tensor, y: torch.Tensor) -> None:
        self.X = X
        self.y = y

    def __len__(self) -> int:
        return len(self.X)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.X[index], self.y[index]


def tensors(images: np.ndarray, labels: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """Convert uint8 images `(count, height, width, channels)` and labels to the inputs of the models."""
    X = torch.tensor(images.transpose(0, 3, 1, 2) / 256, dtype=torch.float32)
    return X, torch.tensor(labels, dtype=torch.long)


def criterion_of(label_smoothing: float) -> nn.Module:
    """Return the loss of log-probabilities; the second log-softmax of CrossEntropyLoss has no effect."""
    return nn.CrossEntropyLoss(label_smoothing=label_smoothing) if label_smoothing else nn.NLLLoss()


def train_batch(
    X: torch.Tensor, y: torch.Tensor, model: nn.Module, optimizer: torch.optim.Optimizer, criterion: nn.Module
) -> float:
    """Take one optimizer step, and return the loss of the batch."""
    optimizer.zero_grad()
    loss = criterion(model(X), y)
    loss.backward()
    optimizer.step()
    return loss.item()


def train(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    X: torch.Tensor,
    y: torch.Tensor,
    order: list[int],
    batch_size: int,
    label_smoothing: float = 0.0,
) -> float:
    """Train on the examples in `order`, and return the mean loss of the batches."""
    model.train()
    criterion = criterion_of(label_smoothing)
    device = next(model.parameters()).device
    losses = []
    for X_batch, y_batch in DataLoader(ImageDataset(X, y), batch_size=batch_size, sampler=order):
        losses.append(train_batch(X_batch.to(device), y_batch.to(device), model, optimizer, criterion))
    return sum(losses) / len(losses)


def resident_loss(
    model: nn.Module, X: torch.Tensor, y: torch.Tensor, label_smoothing: float = 0.0
) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return the loss of a batch as a function of its rows, with all images on the model's device."""
    device = next(model.parameters()).device
    X, y, criterion = X.to(device), y.to(device), criterion_of(label_smoothing)
    return lambda rows: criterion(model(X[rows]), y[rows])


@torch.no_grad()
def evaluate(model: nn.Module, X: torch.Tensor, y: torch.Tensor) -> float:
    """Return the accuracy on a whole data set, computed in one batch."""
    model.eval()
    device = next(model.parameters()).device
    predictions = model(X.to(device)).argmax(dim=-1)
    return (predictions == y.to(device)).float().mean().item()
