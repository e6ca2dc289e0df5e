"""Shared parts of the training loops for pairs, captions and clips."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset

PAD, SOS, EOS = 0, 1, 2

Step = Callable[[torch.Tensor, Any], tuple[torch.Tensor, Any]]
"""A decoding step: from tokens `(batch, 1)` and a state to the next log-probabilities and state."""


class SequenceDataset(Dataset):
    """A data set of inputs and targets."""

    def __init__(self, X: Sequence[Any], y: Sequence[Any]) -> None:
        self.X = X
        self.y = y

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self.X[index], self.y[index]


def without_padding(ids: np.ndarray) -> list[torch.Tensor]:
    """Return a tensor without padding for each row of ids."""
    return [torch.tensor(row[row != PAD], dtype=torch.long) for row in ids]


def pad(sequences: Sequence[torch.Tensor]) -> torch.Tensor:
    """Pad sequences to a batch as long as the longest."""
    return pad_sequence(list(sequences), batch_first=True, padding_value=PAD)


class Resident:
    """Sequences padded once on a device; indexing by rows gives a batch as long as its longest sequence."""

    def __init__(self, values: torch.Tensor, lengths: Sequence[int], device: torch.device) -> None:
        self.values = values.to(device)
        self.lengths = torch.tensor(lengths, device=device)

    @classmethod
    def of(cls, sequences: Sequence[torch.Tensor], device: torch.device) -> Resident:
        """Pad sequences and move them to the device."""
        return cls(pad(sequences), list(map(len, sequences)), device)

    def __getitem__(self, rows: torch.Tensor) -> torch.Tensor:
        return self.values[rows, : self.lengths[rows].max()]


def loss_of_rows(
    model: nn.Module, source: Any, target: Resident, label_smoothing: float
) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return the loss of a batch as a function of its rows, which index `source` and `target`."""

    def loss(rows: torch.Tensor) -> torch.Tensor:
        ids = target[rows]
        return token_loss(model(source[rows], ids[:, :-1]), ids[:, 1:], label_smoothing)

    return loss


def token_loss(
    log_probabilities: torch.Tensor, targets: torch.Tensor, label_smoothing: float = 0.0
) -> torch.Tensor:
    """Return the mean loss over tokens that are not padding."""
    loss = F.nll_loss(log_probabilities.flatten(0, 1), targets.flatten(), ignore_index=PAD)
    if label_smoothing == 0:
        return loss
    spread = -log_probabilities.mean(dim=-1)[targets != PAD].mean()
    return (1 - label_smoothing) * loss + label_smoothing * spread


def train_batches(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    batches: Iterable[tuple[torch.Tensor, torch.Tensor]],
    label_smoothing: float,
) -> float:
    """Take one optimizer step per batch of sources and targets, and return the mean loss of the batches."""
    model.train()
    device = next(model.parameters()).device
    losses = []
    for source, target in batches:
        source, target = source.to(device), target.to(device)
        optimizer.zero_grad()
        loss = token_loss(model(source, target[:, :-1]), target[:, 1:], label_smoothing)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return sum(losses) / len(losses)


def greedy(step: Step, state: Any, count: int, longest: int, device: torch.device) -> list[list[int]]:
    """Decode greedily until all sequences have ended or are `longest`; return them without the end token."""
    last = torch.full((count, 1), SOS, device=device)
    closed = torch.zeros(count, dtype=torch.bool, device=device)
    tokens = []
    for _ in range(longest):
        log_probabilities, state = step(last, state)
        last = log_probabilities.argmax(dim=-1)
        closed |= last[:, 0] == EOS
        tokens.append(last)
        if closed.all():
            break
    return [_until_end(row) for row in torch.cat(tokens, dim=1).tolist()]


def _until_end(row: list[int]) -> list[int]:
    return row[: row.index(EOS)] if EOS in row else row
