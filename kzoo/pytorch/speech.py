"""The course's training loop for speech models: batches are padded, clips are decoded one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader

from kzoo.metrics import similarity
from kzoo.pytorch.sequences import (
    Resident,
    SequenceDataset,
    greedy,
    loss_of_rows,
    pad,
    train_batches,
    without_padding,
)
from kzoo.pytorch.speech_models import LONGEST, SPEECH_MODELS
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

MODELS = SPEECH_MODELS
BATCH = 32
MEASURES = (similarity.jaccard, similarity.ochiai, similarity.damerau_levenshtein_similarity)


class Clip(NamedTuple):
    """The frames `(time, mels)` of a clip, of which the first `length` are real."""

    frames: torch.Tensor
    length: int


Clips = Sequence[Clip]


def tensors(frames: np.ndarray, target_ids: np.ndarray) -> tuple[list[Clip], list[torch.Tensor]]:
    """Convert arrays to clips, still padded, and texts without padding."""
    lengths = frames.shape[1] - (frames != 0).any(axis=-1)[:, ::-1].argmax(axis=1)
    clips = [Clip(*clip) for clip in zip(torch.from_numpy(frames), lengths.tolist(), strict=True)]
    return clips, without_padding(target_ids)


def pad_clips(clips: Clips, masked: bool) -> torch.Tensor:
    """Pad clips to the longest one, or keep all padding if the model does not mask it."""
    if not masked:
        return torch.stack([clip.frames for clip in clips])
    return pad([clip.frames[: clip.length] for clip in clips])


def collate(examples: list[tuple[Clip, torch.Tensor]], masked: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Collate examples to a padded batch of frames and one of texts."""
    clips, targets = zip(*examples, strict=True)
    return pad_clips(clips, masked), pad(targets)


def train(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    X: Clips,
    y: Sequence[torch.Tensor],
    order: list[int],
    batch_size: int,
    label_smoothing: float = 0.0,
) -> float:
    """Train on the clips in `order`, and return the mean loss of the batches."""
    batches = DataLoader(
        SequenceDataset(X, y),
        batch_size=batch_size,
        sampler=order,
        collate_fn=partial(collate, masked=model.masked),
    )
    return train_batches(model, optimizer, batches, label_smoothing)


def resident_loss(
    model: nn.Module, X: Clips, y: Sequence[torch.Tensor], label_smoothing: float = 0.0
) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return the loss of a batch as a function of its rows, with all clips on the model's device."""
    device = next(model.parameters()).device
    lengths = [clip.length if model.masked else len(clip.frames) for clip in X]
    frames = Resident(torch.stack([clip.frames for clip in X]), lengths, device)
    return loss_of_rows(model, frames, Resident.of(y, device), label_smoothing)


def evaluate(model: nn.Module, X: Clips, y: Sequence[torch.Tensor]) -> list[float]:
    """Return the mean of each similarity in `MEASURES` over clips, each decoded singly."""
    model.eval()
    references = [_characters(target[1:-1].tolist()) for target in y]
    predictions = list(map(_characters, decode_singly(model, X)))
    return [similarity.mean_similarity(measure, references, predictions) for measure in MEASURES]


@torch.no_grad()
def decode_singly(model: nn.Module, X: Clips) -> list[list[int]]:
    """Decode clips greedily, one at a time."""
    return [_decode(model, pad_clips([clip], model.masked))[0] for clip in X]


@torch.no_grad()
def decode_in_batches(model: nn.Module, X: Clips) -> list[list[int]]:
    """Decode clips greedily, in batches."""
    batches = (pad_clips(X[start : start + BATCH], model.masked) for start in range(0, len(X), BATCH))
    return [row for batch in batches for row in _decode(model, batch)]


def _decode(model: nn.Module, frames: torch.Tensor) -> list[list[int]]:
    frames = frames.to(next(model.parameters()).device)
    memory, mask = model.encode(frames)
    return greedy(
        lambda last, state: model.decode(last, memory, mask, state), None, len(frames), LONGEST, frames.device
    )


def _characters(ids: list[int]) -> tuple[str, ...]:
    return tuple(map(str, ids))
