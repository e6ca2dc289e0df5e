"""The course's training loop for captioning models: one example per caption, images decoded one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from kzoo.metrics.bleu import mean_sentence_bleu
from kzoo.pytorch.caption_models import CAPTION_MODELS
from kzoo.pytorch.sequences import Resident, greedy, loss_of_rows, pad, train_batches, without_padding
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

MODELS = CAPTION_MODELS
LONGEST = 22
BATCH = 64

Captions = Sequence[tuple[torch.Tensor, int]]
"""The token ids of each caption, and the index of its image."""


class ResidentImages:
    """The images or regions of all captions on a device, indexed by caption."""

    def __init__(self, X: torch.Tensor, owners: Sequence[int], device: torch.device) -> None:
        self.X = X.to(device)
        self.owners = torch.tensor(owners, device=device)

    def __getitem__(self, rows: torch.Tensor) -> torch.Tensor:
        return self.X[self.owners[rows]]


class CaptionDataset(Dataset):
    """A data set of captions: the regions of the caption's image, and the caption's token ids."""

    def __init__(self, X: torch.Tensor, y: Captions) -> None:
        self.X = X
        self.y = y

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        ids, owner = self.y[index]
        return self.X[owner], ids


def tensors(regions: np.ndarray, target_ids: np.ndarray, owners: np.ndarray) -> tuple[torch.Tensor, Captions]:
    """Convert arrays to tensors: the regions or images, and captions without padding."""
    return torch.from_numpy(regions), list(zip(without_padding(target_ids), owners.tolist(), strict=True))


def collate(examples: list[tuple[torch.Tensor, torch.Tensor]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Collate examples to a batch of regions and a padded batch of captions."""
    regions, targets = zip(*examples, strict=True)
    return torch.stack(regions), pad(targets)


def train(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    X: torch.Tensor,
    y: Captions,
    order: list[int],
    batch_size: int,
    label_smoothing: float = 0.0,
) -> float:
    """Train on the captions in `order`, and return the mean loss of the batches."""
    data = CaptionDataset(X, y)
    batches = DataLoader(data, batch_size=batch_size, sampler=order, collate_fn=collate)
    return train_batches(model, optimizer, batches, label_smoothing)


def resident_loss(
    model: nn.Module, X: torch.Tensor, y: Captions, label_smoothing: float = 0.0
) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return the loss of a batch as a function of its rows, with all data on the model's device."""
    device = next(model.parameters()).device
    ids, owners = zip(*y, strict=True)
    images = ResidentImages(X, owners, device)
    return loss_of_rows(model, images, Resident.of(ids, device), label_smoothing)


def evaluate(model: nn.Module, X: torch.Tensor, y: Captions) -> float:
    """Return the mean BLEU-4 of images, each decoded singly."""
    model.eval()
    references: list[list[tuple[str, ...]]] = [[] for _ in X]
    for ids, owner in y:
        references[owner].append(_words(ids[1:-1].tolist()))
    return mean_sentence_bleu(references, list(map(_words, decode_singly(model, X))), 4)


@torch.no_grad()
def decode_singly(model: nn.Module, X: torch.Tensor) -> list[list[int]]:
    """Decode images greedily, one at a time."""
    return [_decode(model, regions[None])[0] for regions in X]


@torch.no_grad()
def decode_in_batches(model: nn.Module, X: torch.Tensor) -> list[list[int]]:
    """Decode images greedily, in batches."""
    return [row for batch in X.split(BATCH) for row in _decode(model, batch)]


def _decode(model: nn.Module, source: torch.Tensor) -> list[list[int]]:
    regions = model.encode(source.to(next(model.parameters()).device))
    keys = model.project(regions)
    return greedy(
        lambda last, state: model.decode(last, regions, keys, state),
        model.begin(regions),
        len(regions),
        LONGEST,
        regions.device,
    )


def _words(ids: list[int]) -> tuple[str, ...]:
    return tuple(map(str, ids))
