"""Predictions of captioning models for a user's own images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
from matplotlib.figure import Figure

from kzoo.data.images.folders import SUFFIXES, read_image
from kzoo.data.tokens import TokenKind
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

    def read(self, source: str) -> np.ndarray:
        """Read the pixels of an image file, resized to the size used in training."""
        size = self.data["image_size"]
        return read_image(Path(source), (size, size, 3))

    def collate(self, inputs: Sequence[np.ndarray]) -> Sources:
        """Return the regions of the images, or their pixels if the encoder was trained with the model."""
        images = np.stack(inputs)
        if self._encoder != family.END_TO_END:
            images = open_encoder(self._encoder).encode(images)
        return as_sources(images)

    def draw_attention(self, source: str) -> Figure:
        """Draw the image once for each word of its caption, overlaid with the attention weights."""
        written, weights = self.attention(source)
        title = picture_title(self.run, "attention", Path(source).name)
        return region_attention(self.read(source), written, weights, title)
