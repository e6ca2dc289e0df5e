"""The course's loop for captioners: an example is a caption, and images are decoded one by one."""

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
"""The ids of each caption, and its image."""


class ResidentImages:
    """What is seen of the images of captions, on a device."""

    def __init__(self, X: torch.Tensor, owners: Sequence[int], device: torch.device) -> None:
        self.X = X.to(device)
        self.owners = torch.tensor(owners, device=device)

    def __getitem__(self, rows: torch.Tensor) -> torch.Tensor:
        return self.X[self.owners[rows]]


class CaptionDataset(Dataset):
    """The regions of a caption's image, and its ids."""

    def __init__(self, X: torch.Tensor, y: Captions) -> None:
        self.X = X
        self.y = y

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        ids, owner = self.y[index]
        return self.X[owner], ids


def tensors(regions: np.ndarray, target_ids: np.ndarray, owners: np.ndarray) -> tuple[torch.Tensor, Captions]:
    """The regions of all images, or the images themselves, and captions without padding."""
    return torch.from_numpy(regions), list(zip(without_padding(target_ids), owners.tolist(), strict=True))


def collate(examples: list[tuple[torch.Tensor, torch.Tensor]]) -> tuple[torch.Tensor, torch.Tensor]:
    """A batch of regions and one of captions."""
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
    """Train on the captions of `order`; the mean loss of the batches."""
    data = CaptionDataset(X, y)
    batches = DataLoader(data, batch_size=batch_size, sampler=order, collate_fn=collate)
    return train_batches(model, optimizer, batches, label_smoothing)


def resident_loss(
    model: nn.Module, X: torch.Tensor, y: Captions, label_smoothing: float = 0.0
) -> Callable[[torch.Tensor], torch.Tensor]:
    """The loss of a batch by its rows, all captions and their images on the model's device."""
    device = next(model.parameters()).device
    ids, owners = zip(*y, strict=True)
    images = ResidentImages(X, owners, device)
    return loss_of_rows(model, images, Resident.of(ids, device), label_smoothing)


def evaluate(model: nn.Module, X: torch.Tensor, y: Captions) -> float:
    """The mean BLEU-4 of images, each decoded by itself."""
    model.eval()
    references: list[list[tuple[str, ...]]] = [[] for _ in X]
    for ids, owner in y:
        references[owner].append(_words(ids[1:-1].tolist()))
    return mean_sentence_bleu(references, list(map(_words, decode_singly(model, X))), 4)


@torch.no_grad()
def decode_singly(model: nn.Module, X: torch.Tensor) -> list[list[int]]:
    """Greedy decoding of one image after the other."""
    return [_decode(model, regions[None])[0] for regions in X]


@torch.no_grad()
def decode_in_batches(model: nn.Module, X: torch.Tensor) -> list[list[int]]:
    """Greedy decoding of batches of images."""
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
