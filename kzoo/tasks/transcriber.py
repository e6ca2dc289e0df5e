"""A user's own texts through the models of runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kzoo.data.pair_cards import NORMALISED_SETS
from kzoo.data.tokens import Tokens, normalise, to_text, to_tokens
from kzoo.errors import UsageError
from kzoo.models.seq2seq import attention_weights
from kzoo.tasks.pairs import load_vocabularies
from kzoo.tasks.translator import Decoding, compile_translation
from kzoo.training.run import Checkpoint, RunFolder


class Transcriber:
    """The models of one or several runs with the vocabularies they share.

    Raises:
        UsageError: the runs have different vocabularies.
    """

    def __init__(self, runs: Sequence[RunFolder], checkpoint: Checkpoint | None = None) -> None:
        self._vocabularies = load_vocabularies(runs)
        self._models = [run.load_tested_model(checkpoint) for run in runs]
        data = runs[0].environment()["data"]
        self._kinds = data["tokens"]
        self._is_normalised = data["name"] in NORMALISED_SETS

    def transcribe(self, texts: Sequence[str], decoding: Decoding, top: int) -> list[dict[str, Any]]:
        """The first `top` sequences for each text, ready for JSON.

        Each entry has the text, the tokens of it that the training data did not have, and the predictions
        with their scores: log-probabilities, of a beam divided by its length penalty.

        Raises:
            UsageError: see `tokens`.
        """
        sources = [self.tokens(text) for text in texts]
        target_kind, vocabulary = self._kinds[1], self._vocabularies[1]
        found = compile_translation(self._models, decoding)(self._vocabularies[0].encode_batch(sources))
        return [
            {
                "source": text,
                "unknown": list(self._vocabularies[0].unknown(source)),
                "predictions": [
                    {"text": to_text(vocabulary.decode(row), target_kind), "score": float(score)}
                    for row, score in list(zip(rows, scores, strict=True))[:top]
                    if score > _NO_SEQUENCE
                ],
            }
            for text, source, rows, scores in zip(texts, sources, found.tokens, found.scores, strict=True)
        ]

    def attention(self, text: str) -> tuple[Tokens, Tokens, np.ndarray]:
        """Source tokens, those of the greedy translation with the end, and the weights between them.

        The weights are `(translation, source)`, float32; row t is what token t was written from.

        Raises:
            UsageError: the model has no attention; see also `tokens`.
        """
        source = self.tokens(text)
        source_ids = self._vocabularies[0].encode_batch([source])
        found = compile_translation(self._models[:1], Decoding())(source_ids)
        written = self._vocabularies[1].decode(found.tokens[0, 0])
        target_ids = self._vocabularies[1].encode_batch([written], start=True)
        weights = attention_weights(self._models[0], source_ids, target_ids)
        return source, (*written, END), weights[0]

    def tokens(self, text: str) -> Tokens:
        """The tokens of a text, normalised where the training data are.

        Raises:
            UsageError: a text that is not UTF-8, or without tokens.
        """
        if any("\ud800" <= character <= "\udfff" for character in text):  # what Python makes of other bytes
            raise UsageError(f"{text!r} is not UTF-8 text")
        tokens = to_tokens(normalise(text) if self._is_normalised else text.strip(), self._kinds[0])
        if not tokens:
            raise UsageError(f"{text!r} has no {self._kinds[0]} that could be read")
        return tokens


END = "end"
"""What stands for the end token in a picture."""

_NO_SEQUENCE = -1e29
