"""The course's loop for character translators: a loader that pads, and sentences decoded one by one."""

from __future__ import annotations

from collections.abc import Sequence

import editdistance
import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset

from .names import torch_name
from .text_models import PAD, TEXT_MODELS

MODELS = TEXT_MODELS
SOS, EOS = 1, 2
LONGEST = 50
BATCH = 256

Sequences = Sequence[torch.Tensor]


class PairDataset(Dataset):
    """Sources and targets by index."""

    def __init__(self, X: Sequences, y: Sequences) -> None:
        self.X = X
        self.y = y

    def __len__(self) -> int:
        return len(self.X)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.X[index], self.y[index]


def tensors(source_ids: np.ndarray, target_ids: np.ndarray) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """A tensor for each source and each target, without padding."""
    return tuple(
        [torch.tensor(row[row != PAD], dtype=torch.long) for row in ids] for ids in (source_ids, target_ids)
    )


def pad(sequences: Sequences) -> torch.Tensor:
    """A batch, as wide as its longest."""
    return pad_sequence(list(sequences), batch_first=True, padding_value=PAD)


def collate(pairs: list[tuple[torch.Tensor, torch.Tensor]]) -> tuple[torch.Tensor, torch.Tensor]:
    """A batch of sources and one of targets."""
    sources, targets = zip(*pairs, strict=True)
    return pad(sources), pad(targets)


def train(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    X: Sequences,
    y: Sequences,
    order: list[int],
    batch_size: int,
) -> float:
    """Train on the pairs of `order`; the mean loss of the batches."""
    model.train()
    criterion = nn.NLLLoss(ignore_index=PAD)
    device = next(model.parameters()).device
    losses = []
    for source, target in DataLoader(
        PairDataset(X, y), batch_size=batch_size, sampler=order, collate_fn=collate
    ):
        source, target = source.to(device), target.to(device)
        optimizer.zero_grad()
        outputs = model(source, target[:, :-1])
        loss = criterion(outputs.flatten(0, 1), target[:, 1:].flatten())
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return sum(losses) / len(losses)


def evaluate(model: nn.Module, X: Sequences, y: Sequences) -> float:
    """The mean over sentences of their error rates, each decoded by itself."""
    model.eval()
    rates = []
    for predicted, target in zip(decode_singly(model, X), y, strict=True):
        truth = target[1:-1].tolist()
        rates.append(editdistance.eval(truth, predicted) / len(truth))
    return sum(rates) / len(rates)


@torch.no_grad()
def decode_singly(model: nn.Module, X: Sequences) -> list[list[int]]:
    """Greedy decoding of one source after the other."""
    return [_decode(model, source[None])[0] for source in X]


@torch.no_grad()
def decode_in_batches(model: nn.Module, X: Sequences) -> list[list[int]]:
    """Greedy decoding of batches of sources."""
    return [row for start in range(0, len(X), BATCH) for row in _decode(model, pad(X[start : start + BATCH]))]


def _decode(model: nn.Module, source: torch.Tensor) -> list[list[int]]:
    source = source.to(next(model.parameters()).device)
    memory, state = model.encode(source)
    mask = source != PAD
    last = torch.full((len(source), 1), SOS, device=source.device)
    closed = torch.zeros(len(source), dtype=torch.bool, device=source.device)
    tokens = []
    for _ in range(LONGEST):
        log_probabilities, state = model.decode(last, memory, mask, state)
        last = log_probabilities.argmax(dim=-1)
        closed |= last[:, 0] == EOS
        tokens.append(last)
        if closed.all():
            break
    return [_until_end(row) for row in torch.cat(tokens, dim=1).tolist()]


def _until_end(row: list[int]) -> list[int]:
    return row[: row.index(EOS)] if EOS in row else row


def load(model: nn.Module, weights: dict[str, np.ndarray]) -> None:
    """Take over Keras's weights: kernels turned round, the second bias of each LSTM 0."""
    state = {name: torch.zeros_like(value) for name, value in model.state_dict().items() if "bias_hh" in name}
    for path, array in weights.items():
        *layers, name = path.split("/")
        turned = array.T if name in ("kernel", "recurrent_kernel") else array
        state[torch_name(layers, name)] = torch.from_numpy(np.ascontiguousarray(turned))
    model.load_state_dict(state)
