"""A user's own texts through the models of runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from matplotlib.figure import Figure

from kzoo.data.pairs.cards import NORMALISED_SETS
from kzoo.data.tokens import TokenKind, Tokens, normalise, to_tokens
from kzoo.decoding import Limits
from kzoo.decoding.adapter import SequenceAdapter
from kzoo.errors import UsageError
from kzoo.models import seq2seq
from kzoo.pictures.alignment import alignment
from kzoo.pictures.title import picture_title
from kzoo.tasks.pairs import limits
from kzoo.tasks.sequence_predictor import SequencePredictor
from kzoo.tasks.vocabularies import SOURCE_VOCABULARY, load_vocabulary
from kzoo.training.run import Checkpoint, RunFolder
from kzoo.training.sources import Sources


class TextPredictor(SequencePredictor):
    """Translators of texts, with the vocabularies they share."""

    ADAPTER: ClassVar[SequenceAdapter] = seq2seq
    INPUTS = "texts"

    def __init__(self, runs: Sequence[RunFolder], checkpoint: Checkpoint | None = None) -> None:
        super().__init__(runs, checkpoint)
        self._source_vocabulary = load_vocabulary(runs, SOURCE_VOCABULARY)

    @property
    def limits(self) -> Limits:
        """Those of the data that the first run was trained on."""
        return limits(self.data.get("longest", 0))

    @property
    def kind(self) -> TokenKind:
        """That of the targets."""
        return self.data["tokens"][1]

    def read(self, source: str) -> Tokens:
        """The tokens of a text, normalised where the training data are.

        Raises:
            UsageError: a text that is not UTF-8, or without tokens.
        """
        if any("\ud800" <= character <= "\udfff" for character in source):  # what Python makes of other bytes
            raise UsageError(f"{source!r} is not UTF-8 text")
        is_normalised, kind = self.data["name"] in NORMALISED_SETS, self.data["tokens"][0]
        tokens = to_tokens(normalise(source) if is_normalised else source.strip(), kind)
        if not tokens:
            raise UsageError(f"{source!r} has no {kind} that could be read")
        return tokens

    def collate(self, inputs: Sequence[Tokens]) -> Sources:
        """Their ids."""
        return Sources(self._source_vocabulary.encode_batch(inputs))

    def unknown(self, read: Tokens) -> tuple[str, ...]:
        """The tokens that the vocabulary does not have."""
        return self._source_vocabulary.unknown(read)

    def draw_attention(self, source: str) -> Figure:
        """A heat map with the tokens of both texts on its axes."""
        written, weights = self.attention(source)
        title = picture_title(self.run, "attention", source)
        return alignment(self.read(source), written, weights, title=title)
