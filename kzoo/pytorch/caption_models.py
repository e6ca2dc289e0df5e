"""The image captioning models in plain PyTorch: an LSTM, or a loop over an LSTM cell with attention."""

from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from torch import nn

from kzoo.pytorch.image_models import ConvBlocks

PAD = 0

State = tuple[torch.Tensor, torch.Tensor]


class AdditiveAttention(nn.Module):
    """Additive attention: p = softmax(w . ReLU(W_e v + W_d h)), c = sum p v."""

    def __init__(self, features: int, units: int, attention_units: int) -> None:
        super().__init__()
        self.key_projection = nn.Linear(features, attention_units)
        self.query_projection = nn.Linear(units, attention_units)
        self.scorer = nn.Linear(attention_units, 1)

    def forward(self, h: torch.Tensor, regions: torch.Tensor, keys: torch.Tensor) -> torch.Tensor:
        """Return the context of an output of the LSTM; `keys` are the projected regions."""
        scores = self.scorer(F.relu(keys + self.query_projection(h)[:, None])).squeeze(-1)
        return (scores.softmax(dim=-1)[:, None] @ regions).squeeze(1)


class Captioner(nn.Module):
    """An LSTM decoder of captions, whose initial state is projected from the mean of the regions."""

    def __init__(
        self,
        vocabulary: int = 190,
        features: int = 512,
        embedding: int = 100,
        units: int = 256,
        attention: str = "none",
        attention_units: int = 100,
        dropout: float = 0.5,
        encoder: str = "resnet18",
    ) -> None:
        super().__init__()
        if attention not in ("none", "bahdanau"):
            raise ValueError(f"there is no reference with attention {attention}; expected none or bahdanau")
        self.encoder = None
        if encoder == "conv":
            self.encoder, features = ConvBlocks(), 128
        self.initial_h = nn.Linear(features, units)
        self.initial_c = nn.Linear(features, units)
        self.target_embedding = nn.Embedding(vocabulary, embedding, padding_idx=PAD)
        self.attention = None
        if attention == "none":
            self.decoder = nn.LSTM(embedding, units, batch_first=True)
        else:
            self.attention = AdditiveAttention(features, units, attention_units)
            self.decoder = nn.LSTMCell(embedding + features, units)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(units, vocabulary)

    def encode(self, source: torch.Tensor) -> torch.Tensor:
        """Return the regions `(batch, regions, features)` of images, or the source if it holds regions."""
        if self.encoder is None:
            return source
        return self.encoder(source.permute(0, 3, 1, 2)).flatten(2).transpose(1, 2)

    def begin(self, regions: torch.Tensor) -> State:
        """Return the initial state of the LSTM, h and c `(batch, units)`."""
        mean = regions.mean(dim=1)
        return self.initial_h(mean), self.initial_c(mean)

    def project(self, regions: torch.Tensor) -> torch.Tensor | None:
        """Return the keys of the attention, projected once for all steps; None without attention."""
        return None if self.attention is None else self.attention.key_projection(regions)

    def decode(
        self, target_ids: torch.Tensor, regions: torch.Tensor, keys: torch.Tensor | None, state: State
    ) -> tuple[torch.Tensor, State]:
        """Return the log-probabilities after each target, and the state after the last."""
        embedded = self.target_embedding(target_ids)
        if self.attention is None:
            outputs, (h, c) = self.decoder(embedded, (state[0][None], state[1][None]))
            state = (h[0], c[0])
        else:
            steps = []
            for t in range(embedded.shape[1]):
                context = self.attention(state[0], regions, keys)
                state = self.decoder(torch.cat([embedded[:, t], context], dim=-1), state)
                steps.append(state[0])
            outputs = torch.stack(steps, dim=1)
        return self.output(self.dropout(outputs)).log_softmax(dim=-1), state

    def forward(self, source: torch.Tensor, target_ids: torch.Tensor) -> torch.Tensor:
        """Return the log-probabilities of the word after each target."""
        regions = self.encode(source)
        return self.decode(target_ids, regions, self.project(regions), self.begin(regions))[0]


CAPTION_MODELS = {"caption": Captioner, "caption-attention": partial(Captioner, attention="bahdanau")}
