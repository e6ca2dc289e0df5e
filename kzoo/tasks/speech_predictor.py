"""Predictions of speech recognition models for a user's own recordings."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from pathlib import Path
from typing import ClassVar, TypeGuard

import numpy as np
from matplotlib.figure import Figure

from kzoo.data.row_filter import DroppedRows
from kzoo.data.speech.audio import SUFFIXES, convert_samples, read_audio
from kzoo.data.speech.speech_set import SpeechSet, SpeechSplit, characters
from kzoo.data.tokens import TokenKind
from kzoo.decoding import Limits
from kzoo.decoding.adapter import SequenceAdapter
from kzoo.features.speech import cut_clips, spectrograms
from kzoo.layers import LogMelSpectrogram
from kzoo.models import speech as family
from kzoo.pictures.spectrogram import spectrogram
from kzoo.pictures.title import picture_title
from kzoo.tasks.predictor import OWN, Example, Input, as_test, as_text, input_name
from kzoo.tasks.sequence_predictor import SequencePredictor
from kzoo.tasks.speech import (
    LIMITS,
    SpeechExperiment,
    as_sources,
    cut_line,
    frame_attention,
    leaves_padding_out,
    log_mel,
    longest_clip,
    state_count,
)
from kzoo.training.sources import Sources


class SpeechPredictor(SequencePredictor):
    """The predictor of speech recognition models that read the same kind of spectrogram."""

    ADAPTER: ClassVar[SequenceAdapter] = family
    READS = SpeechExperiment.READS
    INPUTS = "sound files"
    FORMS = "paths of sound files, or arrays of samples with their rate"
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

    def is_one(self, inputs: object) -> bool:
        """Return whether `inputs` is a single recording."""
        return super().is_one(inputs) or _is_recording(inputs)

    def read(self, source: Input) -> np.ndarray:
        """Read the samples of a recording at the sample rate of the training data."""
        if isinstance(source, str | Path):
            return read_audio(Path(source), self.transform.rate)
        if not _is_recording(source):
            raise self._strange(source)
        samples, rate = source
        return convert_samples(samples, rate, self.transform.rate)

    def collate(self, inputs: Sequence[np.ndarray]) -> Sources:
        """Compute the spectrograms of clips; all have one fixed length if the model does not mask padding."""
        longest = longest_clip(self.recipe.data)
        return as_sources(inputs, self.transform, longest, leaves_padding_out(self.recipe))

    def frames(self, source: Input) -> np.ndarray:
        """Compute the spectrogram of a recording, `(time, mels)`."""
        return spectrograms([self.read(source)], self.transform, longest_clip(self.recipe.data))[0][0]

    def remarks(self, sources: Sequence[Input]) -> list[str]:
        """Return a line that names the recordings that are cut, if any."""
        transform, longest = self.transform, longest_clip(self.recipe.data)
        clips = [Path(each) if isinstance(each, str | Path) else self.read(each) for each in sources]
        rows = cut_clips(clips, transform, longest)
        return [cut_line([input_name(sources[row]) for row in rows], transform, longest)] if rows else []

    def source_names(self, read: np.ndarray, count: int) -> tuple[str, ...]:
        """Return the second at which the frames of each encoder state begin."""
        frames = min(self.transform.frames(len(read)), longest_clip(self.recipe.data))
        states, seconds = state_count(self.recipe, frames), frames * self.transform.seconds_per_frame
        return tuple(f"{state * seconds / states:.2f}" for state in range(states))

    def draw_attention(self, source: Input) -> Figure:
        """Draw a recording's spectrogram, and below it the attention of each character over the same time."""
        found = self.attention(source)
        frames, rate = self.frames(source), self.data["rate"]
        title = picture_title(self.run, "attention", Path(input_name(source)).name)
        return frame_attention(self.recipe, frames, found.target, found.weights, rate, title)

    def draw_spectrogram(self, source: Input) -> Figure:
        """Draw the spectrogram of a recording as the model reads it."""
        title = picture_title(self.run, "spectrogram", Path(input_name(source)).name)
        return spectrogram(self.frames(source), self.transform, title=title)

    def data_set(self, examples: Sequence[Example]) -> SpeechSet:
        """Return a data set whose test split holds recordings with their texts."""
        clips = (
            (input_name(source), self.read(source), characters(as_text(text))) for source, text in examples
        )
        return SpeechSet(
            *as_test(SpeechSplit.of(clips)), rate=self.data["rate"], dropped=DroppedRows({}, ()), origin=OWN
        )


def _is_recording(value: object) -> TypeGuard[tuple[np.ndarray, int]]:
    """Return whether a value holds samples and their rate."""
    return (
        isinstance(value, tuple)
        and len(value) == 2
        and isinstance(value[0], np.ndarray)
        and isinstance(value[1], Real)
    )
