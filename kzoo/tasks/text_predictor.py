"""Predictions of sequence-to-sequence models for a user's own texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from matplotlib.figure import Figure

from kzoo.data.pairs.cards import NORMALISED_SETS
from kzoo.data.pairs.pair_set import PairSet, PairSplit
from kzoo.data.row_filter import DroppedRows
from kzoo.data.tokens import TokenKind, Tokens, normalise, to_tokens
from kzoo.decoding import Limits
from kzoo.decoding.adapter import SequenceAdapter
from kzoo.errors import UsageError
from kzoo.models import seq2seq
from kzoo.pictures.alignment import alignment
from kzoo.pictures.title import picture_title
from kzoo.tasks.pairs import limits
from kzoo.tasks.predictor import OWN, Example, Input, as_test, as_text
from kzoo.tasks.sequence_predictor import SequencePredictor
from kzoo.tasks.vocabularies import SOURCE_VOCABULARY, Vocabularies, load_vocabulary
from kzoo.training.run import Checkpoint, RunFolder
from kzoo.training.sources import Sources


class TextPredictor(SequencePredictor):
    """The predictor of sequence-to-sequence models that share both vocabularies."""

    ADAPTER: ClassVar[SequenceAdapter] = seq2seq
    INPUTS = FORMS = "texts"

    def __init__(self, runs: Sequence[RunFolder], checkpoint: Checkpoint | None = None) -> None:
        super().__init__(runs, checkpoint)
        self._source_vocabulary = load_vocabulary(runs, SOURCE_VOCABULARY)

    @property
    def vocabulary(self) -> Vocabularies:
        """The vocabularies of the models."""
        return Vocabularies(self._source_vocabulary, self._target_vocabulary)

    @property
    def limits(self) -> Limits:
        """The decoding limits of the data that the first run was trained on."""
        return limits(self.data.get("longest", 0))

    @property
    def kind(self) -> TokenKind:
        """The kind of the target tokens."""
        return self.data["tokens"][1]

    def read(self, source: Input) -> Tokens:
        """Split a text into tokens, normalised if the training data are normalised.

        Raises:
            UsageError: the text is not UTF-8 or has no tokens, or it is not a text.
        """
        if not isinstance(source, str):
            raise self._strange(source)
        if any("\ud800" <= character <= "\udfff" for character in source):  # surrogates escape bad bytes
            raise UsageError(f"{source!r} is not UTF-8 text")
        return self._split(source, self.data["tokens"][0])

    def _split(self, text: str, kind: TokenKind) -> Tokens:
        is_normalised = self.data["name"] in NORMALISED_SETS
        tokens = to_tokens(normalise(text) if is_normalised else text.strip(), kind)
        if not tokens:
            raise UsageError(f"{text!r} has no {kind} that could be read")
        return tokens

    def collate(self, inputs: Sequence[Tokens]) -> Sources:
        """Encode texts as source ids."""
        return Sources(self._source_vocabulary.encode_batch(inputs))

    def unknown(self, read: Tokens) -> tuple[str, ...]:
        """Return the tokens of a text that are not in the source vocabulary."""
        return self._source_vocabulary.unknown(read)

    def source_names(self, read: Tokens, count: int) -> Tokens:
        """Return the tokens of a text."""
        return read

    def draw_attention(self, source: Input) -> Figure:
        """Draw the attention as a heat map with the tokens of source and output on its axes."""
        found = self.attention(source)
        title = picture_title(self.run, "attention", str(source))
        return alignment(found.source, found.target, found.weights, title=title)

    def data_set(self, examples: Sequence[Example]) -> PairSet:
        """Return a data set whose test split holds texts with their target texts."""
        pairs = ((self.read(source), self._split(as_text(target), self.kind)) for source, target in examples)
        return PairSet(
            *as_test(PairSplit.of(pairs)),
            tokens=tuple(self.data["tokens"]),
            dropped=DroppedRows({}, ()),
            origin=OWN,
        )
