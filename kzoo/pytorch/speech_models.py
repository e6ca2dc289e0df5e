"""The speech recognition models in plain PyTorch: Whisper's encoder, an LSTM or self-attention decoder."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

PAD = 0
LONGEST = 98

State = Any
"""The decoder's state: h and c of the LSTM, or the previous targets of self-attention; None at the start."""


def sinusoids(length: int, units: int) -> torch.Tensor:
    """Return Whisper's sinusoidal positions, `(length, units)`."""
    increment = math.log(10_000) / (units // 2 - 1)
    rates = torch.exp(-increment * torch.arange(units // 2))
    angles = torch.arange(length)[:, None] * rates[None]
    return torch.cat([angles.sin(), angles.cos()], dim=1)


class MultiHeadAttention(nn.Module):
    """Whisper's multi-head attention, whose keys have no bias."""

    def __init__(self, units: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(units, units)
        self.key = nn.Linear(units, units, bias=False)
        self.value = nn.Linear(units, units)
        self.output = nn.Linear(units, units)

    def forward(
        self, x: torch.Tensor, memory: torch.Tensor, mask: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Attend to the memory where the mask, broadcast to `(batch, heads, queries, keys)`, is True."""
        q, k, v = (self.split(y) for y in (self.query(x), self.key(memory), self.value(memory)))
        scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
        if mask is not None:
            scores = scores.masked_fill(~mask, -torch.inf)
        return self.output((scores.softmax(dim=-1) @ v).transpose(1, 2).flatten(2))

    def split(self, x: torch.Tensor) -> torch.Tensor:
        """Split `(batch, length, units)` to `(batch, heads, length, units / heads)`."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class Block(nn.Module):
    """A pre-norm Transformer block: self-attention, or attention to a memory, and an MLP."""

    def __init__(self, units: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(units)
        self.attention = MultiHeadAttention(units, heads)
        self.mlp_norm = nn.LayerNorm(units)
        self.mlp_hidden = nn.Linear(units, 2 * units)
        self.mlp = nn.Linear(2 * units, units)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x: torch.Tensor, memory: torch.Tensor | None, mask: torch.Tensor | None
    ) -> torch.Tensor:
        """Return x plus the outputs of the attention and the MLP."""
        normed = self.attention_norm(x)
        x = x + self.dropout(self.attention(normed, normed if memory is None else memory, mask))
        return x + self.dropout(self.mlp(F.gelu(self.mlp_hidden(self.mlp_norm(x)))))


class Recogniser(nn.Module):
    """Whisper's encoder, and a decoder with an LSTM or self-attention."""

    def __init__(
        self,
        vocabulary: int = 35,
        mels: int = 80,
        units: int = 200,
        heads: int = 2,
        blocks: int = 2,
        attention: str = "none",
        input_norm: bool = True,
        dropout: float = 0.0,
        masked: bool = True,
        encoder: str = "attention",
        subsampling: int = 2,
        ctc: float = 0.0,
    ) -> None:
        super().__init__()
        if (encoder, subsampling, ctc) != ("attention", 2, 0):
            raise ValueError("the reference has encoder=attention, subsampling=2 and ctc=0 only")
        if attention not in ("none", "dot"):
            raise ValueError(f"there is no reference with attention {attention}; expected none or dot")
        self.masked, self.units = masked, units
        self.conv1 = nn.Conv1d(mels, units, 3, padding=1)
        self.conv2 = nn.Conv1d(units, units, 3, stride=2, padding=1)
        self.blocks = nn.ModuleList(Block(units, heads, dropout) for _ in range(blocks))
        self.memory = nn.LayerNorm(units)
        self.target_embedding = nn.Embedding(vocabulary, units, padding_idx=PAD)
        self.recurrent = attention == "none"
        self.decoder_norm: Any = None
        if input_norm or not self.recurrent:
            self.decoder_norm = nn.LayerNorm(units)
        if self.recurrent:
            self.decoder = nn.LSTM(units, units, batch_first=True)
        else:
            self.positions = nn.Embedding(LONGEST, units)
            self.decoder = MultiHeadAttention(units, heads)
        self.dropout = nn.Dropout(dropout)
        self.block = Block(units, heads, dropout)
        self.output_norm = nn.LayerNorm(units)
        self.output = nn.Linear(units, vocabulary)

    def encode(self, frames: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Return the memory of frames `(batch, time, mels)`, and its mask `(batch, 1, 1, time / 2)`."""
        x = F.gelu(self.conv1(frames.transpose(1, 2)))
        mask = None
        if self.masked:
            real = (frames != 0).any(dim=-1)
            x = x * real[:, None]
            mask = real[:, None, None, ::2]
        x = F.gelu(self.conv2(x)).transpose(1, 2)
        x = x + sinusoids(x.shape[1], self.units).to(x)
        for block in self.blocks:
            x = block(x, None, mask)
        return self.memory(x), mask

    def decode(
        self, target_ids: torch.Tensor, memory: torch.Tensor, mask: torch.Tensor | None, state: State = None
    ) -> tuple[torch.Tensor, State]:
        """Return the log-probabilities after each target, and the state after the last.

        The state of the LSTM is h and c. The state of self-attention is all targets so far, computed again.
        """
        if self.recurrent:
            x = self.target_embedding(target_ids)
            x = x if self.decoder_norm is None else self.decoder_norm(x)
            x, state = self.decoder(x, state)
        else:
            before = 0 if state is None else state.shape[1]
            state = target_ids if state is None else torch.cat([state, target_ids], dim=1)
            x = self.target_embedding(state) + self.positions.weight[: state.shape[1]]
            normed = self.decoder_norm(x)
            causal = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).tril()
            x = (x + self.dropout(self.decoder(normed, normed, causal)))[:, before:]
        x = self.output_norm(self.block(x, memory, mask))
        return self.output(x).log_softmax(dim=-1), state

    def forward(self, frames: torch.Tensor, target_ids: torch.Tensor) -> torch.Tensor:
        """Return the log-probabilities of the character after each target."""
        return self.decode(target_ids, *self.encode(frames))[0]


SPEECH_MODELS = {"asr-lstm": Recogniser, "asr-attention": partial(Recogniser, attention="dot")}
