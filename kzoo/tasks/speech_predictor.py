"""Predictions of speech recognition models for a user's own recordings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
from matplotlib.figure import Figure

from kzoo.data.speech.audio import SUFFIXES, read_audio
from kzoo.data.tokens import TokenKind
from kzoo.decoding import Limits
from kzoo.decoding.adapter import SequenceAdapter
from kzoo.features.speech import cut_clips, spectrograms
from kzoo.layers import LogMelSpectrogram
from kzoo.models import speech as family
from kzoo.pictures.spectrogram import spectrogram
from kzoo.pictures.speech_alignment import speech_alignment
from kzoo.pictures.title import picture_title
from kzoo.tasks.sequence_predictor import SequencePredictor
from kzoo.tasks.speech import (
    LIMITS,
    SpeechExperiment,
    as_sources,
    cut_line,
    heard_states,
    leaves_padding_out,
    log_mel,
    longest_clip,
)
from kzoo.training.sources import Sources


class SpeechPredictor(SequencePredictor):
    """The predictor of speech recognition models that read the same kind of spectrogram."""

    ADAPTER: ClassVar[SequenceAdapter] = family
    READS = SpeechExperiment.READS
    INPUTS = "sound files"
    SUFFIXES = SUFFIXES

    @property
    def limits(self) -> Limits:
        """The decoding limits of R004."""
        return LIMITS

    @property
    def kind(self) -> TokenKind:
        """The kind of the output tokens: characters."""
        return "characters"

    @property
    def transform(self) -> LogMelSpectrogram:
        """The log-mel transform from samples to frames."""
        return log_mel(self.recipe, self.data["rate"])

    def read(self, source: str) -> np.ndarray:
        """Read the samples of a sound file at the sample rate of the training data."""
        return read_audio(Path(source), self.transform.rate)

    def collate(self, inputs: Sequence[np.ndarray]) -> Sources:
        """Compute the spectrograms of clips; all have one fixed length if the model does not mask padding."""
        longest = longest_clip(self.recipe.data)
        return as_sources(inputs, self.transform, longest, leaves_padding_out(self.recipe))

    def frames(self, source: str) -> np.ndarray:
        """Compute the spectrogram of a sound file, `(time, mels)`."""
        return spectrograms([self.read(source)], self.transform, longest_clip(self.recipe.data))[0][0]

    def remarks(self, inputs: Sequence[str]) -> list[str]:
        """Return a line that names the files that are cut, if any."""
        transform, longest = self.transform, longest_clip(self.recipe.data)
        rows = cut_clips([Path(path) for path in inputs], transform, longest)
        return [cut_line([inputs[row] for row in rows], transform, longest)] if rows else []

    def draw_attention(self, source: str) -> Figure:
        """Draw a file's spectrogram, and below it the attention of each character over the same time."""
        written, weights = self.attention(source)
        frames, title = self.frames(source), picture_title(self.run, "attention", Path(source).name)
        heard = heard_states(self.recipe, frames, weights)
        return speech_alignment(frames, written, heard, self.transform, title=title)

    def draw_spectrogram(self, source: str) -> Figure:
        """Draw the spectrogram of a sound file as the model reads it."""
        title = picture_title(self.run, "spectrogram", Path(source).name)
        return spectrogram(self.frames(source), self.transform, title=title)
