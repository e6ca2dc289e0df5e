"""The course's training loop for translation models: batches are padded, sentences are decoded one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import editdistance
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader

from kzoo.pytorch.sequences import (
    PAD,
    Resident,
    SequenceDataset,
    greedy,
    loss_of_rows,
    pad,
    train_batches,
    without_padding,
)
from kzoo.pytorch.text_models import TEXT_MODELS
from kzoo.pytorch.weights import load_weights

__all__ = [
    "MODELS",
    "decode_in_batches",
    "decode_singly",
    "evaluate",
    "load_weights",
    "resident_loss",
    "tensors",
    "train",
]

MODELS = TEXT_MODELS
LONGEST = 50
BATCH = 256

Sequences = Sequence[torch.Tensor]


def tensors(source_ids: np.ndarray, target_ids: np.ndarray) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Convert arrays to one tensor per source and per target, without padding."""
    return without_padding(source_ids), without_padding(target_ids)


def collate(pairs: list[tuple[torch.Tensor, torch.Tensor]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Collate pairs to a padded batch of sources and one of targets."""
    sources, targets = zip(*pairs, strict=True)
    return pad(sources), pad(targets)


def train(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    X: Sequences,
    y: Sequences,
    order: list[int],
    batch_size: int,
    label_smoothing: float = 0.0,
) -> float:
    """Train on the pairs in `order`, and return the mean loss of the batches."""
    data = SequenceDataset(X, y)
    batches = DataLoader(data, batch_size=batch_size, sampler=order, collate_fn=collate)
    return train_batches(model, optimizer, batches, label_smoothing)


def resident_loss(
    model: nn.Module, X: Sequences, y: Sequences, label_smoothing: float = 0.0
) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return the loss of a batch as a function of its rows, with all pairs on the model's device."""
    device = next(model.parameters()).device
    return loss_of_rows(model, Resident.of(X, device), Resident.of(y, device), label_smoothing)


def evaluate(model: nn.Module, X: Sequences, y: Sequences) -> float:
    """Return the mean error rate of sentences, each decoded singly."""
    model.eval()
    rates = []
    for predicted, target in zip(decode_singly(model, X), y, strict=True):
        truth = target[1:-1].tolist()
        rates.append(editdistance.eval(truth, predicted) / len(truth))
    return sum(rates) / len(rates)


@torch.no_grad()
def decode_singly(model: nn.Module, X: Sequences) -> list[list[int]]:
    """Decode sources greedily, one at a time."""
    return [_decode(model, source[None])[0] for source in X]


@torch.no_grad()
def decode_in_batches(model: nn.Module, X: Sequences) -> list[list[int]]:
    """Decode sources greedily, in batches."""
    return [row for start in range(0, len(X), BATCH) for row in _decode(model, pad(X[start : start + BATCH]))]


def _decode(model: nn.Module, source: torch.Tensor) -> list[list[int]]:
    source = source.to(next(model.parameters()).device)
    memory, state = model.encode(source)
    mask = source != PAD
    return greedy(
        lambda last, state: model.decode(last, memory, mask, state),
        state,
        len(source),
        LONGEST,
        source.device,
    )
