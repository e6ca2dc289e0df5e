"""Predictions of captioning models for a user's own images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
from matplotlib.figure import Figure

from kzoo.data.captions.caption_set import CaptionSet, CaptionSplit
from kzoo.data.images.folders import FORMS, SUFFIXES, is_image, read_image
from kzoo.data.row_filter import DroppedRows
from kzoo.data.tokens import TokenKind, Tokens, caption_words
from kzoo.decoding import Limits
from kzoo.decoding.adapter import SequenceAdapter
from kzoo.errors import DataError
from kzoo.features.encoders import open_encoder
from kzoo.models import captioning as family
from kzoo.pictures.title import picture_title
from kzoo.tasks.captions import (
    CaptionExperiment,
    as_sources,
    encoder_identity,
    encoder_of,
    limits,
    region_attention,
)
from kzoo.tasks.predictor import OWN, Example, Input, as_test, as_text, input_name
from kzoo.tasks.sequence_predictor import SequencePredictor
from kzoo.training.run import Checkpoint, RunFolder
from kzoo.training.sources import Sources


class CaptionPredictor(SequencePredictor):
    """The predictor of captioning models that share one encoder.

    Raises:
        UsageError: the runs have different encoders or different image sizes.
        DataError: the encoder has changed since the runs were trained.
    """

    ADAPTER: ClassVar[SequenceAdapter] = family
    READS = CaptionExperiment.READS
    INPUTS = "image files"
    FORMS = FORMS
    SUFFIXES = SUFFIXES

    def __init__(self, runs: Sequence[RunFolder], checkpoint: Checkpoint | None = None) -> None:
        super().__init__(runs, checkpoint)
        self._encoder = encoder_of(self.recipe)
        if encoder_identity(self._encoder) != self.data["encoder"]:
            raise DataError(f"{self._encoder} is not the encoder that {runs[0].path} was trained with")

    @property
    def limits(self) -> Limits:
        """The decoding limits: the longest caption of the training data with its start and end tokens."""
        return limits(self.data["longest"])

    @property
    def kind(self) -> TokenKind:
        """The kind of the output tokens: words."""
        return "spaces"

    def is_one(self, inputs: object) -> bool:
        """Return whether `inputs` is a single image."""
        return is_image(inputs)

    def read(self, source: Input) -> np.ndarray:
        """Read the pixels of an image, resized to the size used in training."""
        if not is_image(source):
            raise self._strange(source)
        size = self.data["image_size"]
        return read_image(source, (size, size, 3))

    def collate(self, inputs: Sequence[np.ndarray]) -> Sources:
        """Return the regions of the images, or their pixels if the encoder was trained with the model."""
        images = np.stack(inputs)
        if self._encoder != family.END_TO_END:
            images = open_encoder(self._encoder).encode(images)
        return as_sources(images)

    def source_names(self, read: np.ndarray, count: int) -> tuple[str, ...]:
        """Return "row,column" of each region."""
        side = math.isqrt(count)
        return tuple(f"{row},{column}" for row in range(side) for column in range(side))

    def draw_attention(self, source: Input) -> Figure:
        """Draw the image once for each word of its caption, overlaid with the attention weights."""
        found = self.attention(source)
        title = picture_title(self.run, "attention", Path(input_name(source)).name)
        return region_attention(self.read(source), found.target, found.weights, title)

    def data_set(self, examples: Sequence[Example]) -> CaptionSet:
        """Return a data set whose test split holds images, each with one or several captions."""
        captioned = (
            (input_name(source), self.read(source), _words(captions)) for source, captions in examples
        )
        return CaptionSet(*as_test(CaptionSplit.of(captioned)), dropped=DroppedRows({}, ()), origin=OWN)


def _words(captions: str | Sequence[str]) -> tuple[Tokens, ...]:
    several = captions if isinstance(captions, list | tuple) else [captions]
    return tuple(caption_words(as_text(caption).split()) for caption in several)
