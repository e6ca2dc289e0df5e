"""The character translation models in plain PyTorch, as in the course: with packed sequences."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

PAD = 0


class BilinearAttention(nn.Module):
    """Bilinear attention: p = softmax((W q) . h), c = sum p h."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.projection = nn.Linear(units, units, bias=False)

    def forward(self, query: torch.Tensor, memory: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return the context of each query."""
        return dot_attention(self.projection(query), memory, mask)


def dot_attention(query: torch.Tensor, memory: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return the context of each query: p = softmax(q . h), c = sum p h."""
    scores = query @ memory.transpose(1, 2)
    return scores.masked_fill(~mask[:, None], -torch.inf).softmax(dim=-1) @ memory


class BahdanauAttention(nn.Module):
    """Additive attention: p = softmax(v . tanh(W_s s + W_h h)), c = sum p h."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.query_projection = nn.Linear(units, units, bias=False)
        self.key_projection = nn.Linear(units, units, bias=False)
        self.scorer = nn.Linear(units, 1, bias=False)

    def forward(self, query: torch.Tensor, memory: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return the context of each query."""
        hidden = self.query_projection(query)[:, :, None] + self.key_projection(memory)[:, None]
        scores = self.scorer(hidden.tanh()).squeeze(-1)
        return scores.masked_fill(~mask[:, None], -torch.inf).softmax(dim=-1) @ memory


class AttentionalOutput(nn.Module):
    """The attentional output layer, tanh(W [s; c] + b)."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.projection = nn.Linear(2 * units, units)

    def forward(self, query: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        """Return the attentional vector of each query."""
        return self.projection(torch.cat([query, context], dim=-1)).tanh()


ATTENTIONS = {"bilinear": BilinearAttention, "bahdanau": BahdanauAttention}


class Seq2Seq(nn.Module):
    """A bidirectional LSTM encoder and an LSTM decoder, with or without attention.

    R002 projects the query before the attention and its output (`output_query`). R003 adds a layer
    normalisation (`output_norm`) and draws v from a normal distribution (`scorer_std`).
    """

    def __init__(
        self,
        source_vocabulary: int = 34,
        target_vocabulary: int = 34,
        units: int = 128,
        dropout: float = 0.3,
        dropout_at: tuple[str, ...] = ("source", "encoder", "target", "output"),
        attention: str = "none",
        output_query: str = "plain",
        output_norm: bool = False,
        scorer_std: float | None = None,
        tied: bool = True,
    ) -> None:
        super().__init__()
        self.source_embedding = nn.Embedding(source_vocabulary, units, padding_idx=PAD)
        self.encoder = nn.LSTM(units, units // 2, batch_first=True, bidirectional=True)
        self.target_embedding = nn.Embedding(target_vocabulary, units, padding_idx=PAD)
        self.decoder = nn.LSTM(units, units, batch_first=True)
        self.output = None if tied else nn.Linear(units, target_vocabulary, bias=False)
        self.output_bias = nn.Parameter(torch.zeros(target_vocabulary))
        self.dropout = nn.ModuleDict({place: nn.Dropout(dropout) for place in dropout_at})
        self.query_projection: nn.Linear | None = None
        self.attention: Any = None
        if output_query == "projected":
            self.query_projection = nn.Linear(units, units, bias=False)
        elif attention != "none":
            self.attention = ATTENTIONS[attention](units)
        if attention != "none":
            self.attentional_output = AttentionalOutput(units)
        self.output_norm = nn.LayerNorm(units) if output_norm else None
        if scorer_std is not None:
            nn.init.normal_(self.attention.scorer.weight, std=scorer_std)

    def drop(self, x: torch.Tensor, place: str) -> torch.Tensor:
        """Apply dropout at this place, if the model has any there."""
        return self.dropout[place](x) if place in self.dropout else x

    def encode(self, source_ids: torch.Tensor) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor]]:
        """Return the outputs of the encoder, and the initial state of the decoder."""
        embedded = self.drop(self.source_embedding(source_ids), "source")
        lengths = (source_ids != PAD).sum(dim=1).cpu()
        packed = pack_padded_sequence(embedded, lengths, batch_first=True, enforce_sorted=False)
        outputs, (h, c) = self.encoder(packed)
        memory, _ = pad_packed_sequence(outputs, batch_first=True, total_length=source_ids.shape[1])
        state = tuple(torch.cat([both[0], both[1]], dim=-1)[None] for both in (h, c))
        return self.drop(memory, "encoder"), state

    def decode(
        self,
        target_ids: torch.Tensor,
        memory: torch.Tensor,
        mask: torch.Tensor,
        state: tuple[torch.Tensor, torch.Tensor],
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor]]:
        """Return the log-probabilities after each target, and the state after the last."""
        outputs, state = self.decoder(self.drop(self.target_embedding(target_ids), "target"), state)
        outputs = self.drop(outputs, "decoder")
        if self.query_projection is not None:
            query = self.query_projection(outputs)
            outputs = self.attentional_output(query, dot_attention(query, memory, mask))
        elif self.attention is not None:
            outputs = self.attentional_output(outputs, self.attention(outputs, memory, mask))
        if self.output_norm is not None:
            outputs = self.output_norm(outputs)
        table = self.target_embedding.weight if self.output is None else self.output.weight
        logits = self.drop(outputs, "output") @ table.T + self.output_bias
        return logits.log_softmax(dim=-1), state

    def forward(self, source_ids: torch.Tensor, target_ids: torch.Tensor) -> torch.Tensor:
        """Return the log-probabilities of the token after each target."""
        memory, state = self.encode(source_ids)
        return self.decode(target_ids, memory, source_ids != PAD, state)[0]


TEXT_MODELS = {
    "nmt": Seq2Seq,
    "nmt-bilinear": partial(Seq2Seq, attention="bilinear"),
    "p2g": partial(Seq2Seq, source_vocabulary=107, target_vocabulary=93),
    "p2g-bahdanau": partial(Seq2Seq, source_vocabulary=107, target_vocabulary=93, attention="bahdanau"),
}
