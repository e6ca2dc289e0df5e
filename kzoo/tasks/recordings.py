"""A user's own recordings through recognisers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from kzoo.data.tokens import TokenKind
from kzoo.decoding import Limits
from kzoo.features.speech import spectrograms
from kzoo.models import speech as family
from kzoo.models.writer import Writer
from kzoo.tasks.author import Author, Reading
from kzoo.tasks.speech import LIMITS, as_sources, log_mel, longest_clip, pad_frames


class AudioAuthor(Author):
    """Recognisers of one kind of spectrogram."""

    WRITER: ClassVar[Writer] = family

    @property
    def limits(self) -> Limits:
        """Those of R004."""
        return LIMITS

    @property
    def kind(self) -> TokenKind:
        """Characters."""
        return "characters"

    @property
    def seconds_per_frame(self) -> float:
        """The time from one frame to the next."""
        transform = log_mel(self.recipe, self.data["rate"])
        return transform.hop / transform.rate

    def read(self, inputs: Sequence[str]) -> Reading:
        """Sound files, resampled, as their spectrograms."""
        transform, longest = log_mel(self.recipe, self.data["rate"]), longest_clip(self.recipe.data)
        frames, _ = spectrograms([Path(path) for path in inputs], transform, longest)
        is_masked = self.recipe.model.options.get("masked", True)
        frames = frames if is_masked else pad_frames(frames, longest)
        return Reading(as_sources(frames, is_masked), [() for _ in inputs])
