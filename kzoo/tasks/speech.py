"""Speech recognition: the experiment and its metrics on a split."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from matplotlib.figure import Figure

from kzoo.data.row_filter import NAMED
from kzoo.data.speech.audio import Clip
from kzoo.data.speech.load import load_speech_set
from kzoo.data.speech.speech_set import SPEECH_VOCABULARY, SpeechSet
from kzoo.data.tokens import TokenKind, Tokens, to_text
from kzoo.data.vocabulary import Vocabulary
from kzoo.decoding import Limits
from kzoo.decoding.adapter import SequenceAdapter
from kzoo.errors import UsageError
from kzoo.extras import require
from kzoo.features.speech import cut_clips, spectrograms
from kzoo.layers import LogMelSpectrogram
from kzoo.metrics import similarity, transcription
from kzoo.models import speech as family
from kzoo.pictures.speech_alignment import speech_alignment
from kzoo.pictures.title import picture_title
from kzoo.recipe import DataSection, Recipe
from kzoo.symbols import EOS, SOS
from kzoo.tasks import options_of
from kzoo.tasks.sequences import SequenceExperiment
from kzoo.training.augmentation import Operation, draw_epoch
from kzoo.training.augmentation.spectrograms import spectrogram_operations
from kzoo.training.ctc import hybrid_losses
from kzoo.training.examples import Examples
from kzoo.training.objective import Objective, TokenLosses, token_losses, transduction
from kzoo.training.run import RunFolder
from kzoo.training.sources import Sources

LIMITS = Limits(start=SOS, end=EOS, length=family.LONGEST)
"""The decoding limits of R004: 98 tokens, the end token included."""

BATCH, BUCKET_WIDTHS = 32, (64, 16)
"""The number of clips decoded together; a batch is cut to multiples of these frames and characters."""

MAX_FRAMES = 2_754
"""The number of frames to which R004 cuts its spectrograms."""

SIMILARITIES = {
    "jaccard": similarity.jaccard,
    "ochiai": similarity.ochiai,
    "damerau_levenshtein": similarity.damerau_levenshtein_similarity,
}
"""The similarities that R004 reports, by metric name."""


@dataclass(frozen=True)
class SpeechExperiment(SequenceExperiment):
    """An experiment that trains a speech recognition model."""

    data: SpeechSet

    NOUN = "clips"
    DATA_KEYS = frozenset({"max_length", "max_frames", "mel_rate"})
    TRAINING_KEYS = frozenset({"batch_by_length"})
    AUGMENTATION_KEYS = frozenset(
        {"time_masks", "time_mask_width", "frequency_masks", "frequency_mask_width", "noise"}
    )
    METRICS = (*SIMILARITIES, "character_error_rate", "word_error_rate")
    ADAPTER: ClassVar[SequenceAdapter] = family
    READS = ("frames",)
    INPUT = "clip"
    SAMPLE_COLUMNS = ("clip", "text", "prediction")

    @classmethod
    def load(
        cls, recipe: Recipe, *, data_dir: Path | None, require_data: bool, stand_in: str | None
    ) -> SpeechSet:
        """Load the clips of a recipe.

        Raises:
            UsageError: `data.max_length` allows longer texts than the models can output.
            MissingExtraError: rapidfuzz, which computes a metric, is not installed.
        """
        require("rapidfuzz", "speech", "the Damerau-Levenshtein similarity")
        max_length = recipe.data.max_length
        if max_length is not None and max_length >= family.LONGEST:
            raise UsageError(
                f"data.max_length must be {family.LONGEST - 1} characters or less, not {max_length}"
            )
        return load_speech_set(
            recipe.data.name,
            data_dir=data_dir,
            require_data=require_data,
            stand_in=stand_in,
            max_length=max_length,
        )

    @classmethod
    def fit_model(cls, recipe: Recipe, data: SpeechSet) -> Recipe:
        """Return the recipe unchanged: the vocabulary is always that of R004, whatever the data."""
        options = options_of(recipe)
        if options["vocabulary"] != len(SPEECH_VOCABULARY):
            raise UsageError(
                f"model.vocabulary must be {len(SPEECH_VOCABULARY)}, the number of R004's symbols, "
                f"not {options['vocabulary']}"
            )
        return recipe

    def describe(self) -> dict[str, Any]:
        """Describe the rows left out or cut, the sample rate, and how the frames are computed."""
        transform = log_mel(self.recipe, self.data.rate)
        frames = {
            "rate": self.data.rate,
            "mel_rate": transform.mel_rate or self.data.rate,
            "mels": transform.mels,
            "longest": longest_clip(self.recipe.data),
            "masked": self.is_masked,
        }
        left_out = [*self.data.dropped.lines(), *self._cut_lines]
        return {"left_out": left_out, "rate": self.data.rate, "frames": frames}

    @cached_property
    def _cut_lines(self) -> list[str]:
        """A line that names the clips that are cut, if any; the header of every file is read once for it."""
        transform, longest = log_mel(self.recipe, self.data.rate), longest_clip(self.recipe.data)
        names = [
            split.names[row]
            for split in self.data.splits.values()
            for row in cut_clips(split.clips, transform, longest)
        ]
        return [cut_line(names, transform, longest)] if names else []

    @cached_property
    def clips(self) -> dict[str, Sources]:
        """The spectrograms by split."""
        transform, longest = log_mel(self.recipe, self.data.rate), longest_clip(self.recipe.data)
        return {
            name: as_sources(split.clips, transform, longest, self.is_masked)
            for name, split in self.data.splits.items()
        }

    @property
    def is_masked(self) -> bool:
        """Whether the model masks padding."""
        return leaves_padding_out(self.recipe)

    def build_vocabulary(self) -> Vocabulary:
        """Return the character vocabulary of R004."""
        return SPEECH_VOCABULARY

    @property
    def limits(self) -> Limits:
        """The decoding limits of R004."""
        return LIMITS

    @property
    def measured_losses(self) -> TokenLosses:
        """The label-smoothed losses of the objective, since R004 reports the loss that it minimises."""
        smoothing, share = self.recipe.training.label_smoothing, options_of(self.recipe)["ctc"]
        if share:
            return partial(hybrid_losses, share=share, smoothing=smoothing)
        return partial(token_losses, smoothing=smoothing)

    def sources(self, split: str) -> Sources:
        """Return the spectrograms of a split."""
        return self.clips[split]

    def targets(self, split: str) -> tuple[Sequence[Tokens], None]:
        """Return the texts of a split, one for each clip in the same order."""
        return self.data.splits[split].texts, None

    def examples(self) -> Callable[[int], Examples]:
        """Return the training spectrograms, the ids of their texts with start and end tokens, and draws.

        The draws are those of the augmentation in each epoch.
        """
        target_ids, target_lengths, _ = self.encode_targets("train")
        clips = self.clips["train"]
        lengths = np.stack([clips.lengths, target_lengths], axis=1).astype(np.int32)
        draws = partial(draw_epoch, self.operations, len(clips), self.recipe.training.seed)
        return lambda epoch: Examples((clips.values, target_ids, *draws(epoch)), lengths, BUCKET_WIDTHS)

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The augmentation of the spectrograms."""
        clips = self.clips["train"]
        assert clips.real is not None
        return spectrogram_operations(self.recipe.augmentation, clips.real, clips.values.shape[2])

    def objective(self) -> Objective:
        """Return the training objective: the loss of each next character, of CTC, or of both."""
        return transduction("frames", self.measured_losses, self.operations)

    def names(self, split: str) -> Sequence[str]:
        """Return the names of the clips of a split."""
        return self.data.splits[split].names

    def references(self, split: str) -> Sequence[Sequence[Tokens]]:
        """Return the single reference, the text, of each clip of a split."""
        return [(text,) for text in self.data.splits[split].texts]

    @property
    def written_kind(self) -> TokenKind:
        """The kind of the output tokens: characters."""
        return "characters"

    def metrics(self, split: str, predictions: Sequence[Tokens]) -> dict[str, float]:
        """Return R004's similarities and the character and word error rates (micro means)."""
        references = self.data.splits[split].texts
        return {
            **{
                name: similarity.mean_similarity(measure, self.symbols(references), predictions)
                for name, measure in SIMILARITIES.items()
            },
            "character_error_rate": transcription.character_error_rate(references, predictions),
            "word_error_rate": transcription.sentence_word_error_rate(
                _texts(references), _texts(predictions)
            ),
        }

    def measure(self, split: str, passes: list[list[Tokens]]) -> dict[str, Any]:
        """Return the metrics of the first prediction of each clip and bootstrap intervals over clips."""
        references, predictions = self.data.splits[split].texts, [row[0] for row in passes]
        distances = transcription.edit_distances(references, predictions)
        of_clips = {
            name: transcription.bootstrap_interval(
                similarity.similarities(measure, self.symbols(references), predictions)
            )
            for name, measure in SIMILARITIES.items()
        }
        lengths = list(map(len, references))
        return {
            "count": len(references),
            **self.metrics(split, predictions),
            "exact_match": transcription.exact_match(references, predictions),
            "intervals": {
                **of_clips,
                "character_error_rate": transcription.bootstrap_interval(distances, lengths),
            },
        }

    def symbols(self, texts: Sequence[Tokens]) -> list[Tokens]:
        """Replace characters outside R004's symbols by the unknown token, as R004 does to compare texts."""
        return [self.vocabulary.decode(self.vocabulary.encode(text)) for text in texts]

    def sample_rows(self, predictions: Sequence[Tokens]) -> Iterable[tuple[str, ...]]:
        """Yield each test clip's name, its reference text and the predicted text."""
        test = self.data.test
        for name, text, prediction in zip(test.names, test.texts, predictions, strict=False):
            yield name, to_text(text, "characters"), to_text(prediction, "characters")

    def attention_picture(self, run: RunFolder, written: Tokens, weights: np.ndarray) -> Figure:
        """Draw the first test spectrogram, without padding, with the attention of each character below it."""
        first = self.clips["test"][:1]
        assert first.real is not None
        frames = first.values[0, : first.real[0]]
        title = picture_title(run, "attention", self.data.test.names[0])
        return frame_attention(self.recipe, frames, written, weights, self.data.rate, title)


def frame_attention(
    recipe: Recipe, frames: np.ndarray, written: Tokens, weights: np.ndarray, rate: int, title: str
) -> Figure:
    """Draw a spectrogram without padding, and the attention of each character over the same time axis.

    `weights` are `(written, states)`: the states of the frames, then those of padding.
    """
    heard = weights[:, : state_count(recipe, len(frames))]
    return speech_alignment(frames, written, heard, log_mel(recipe, rate), title=title)


def state_count(recipe: Recipe, frames: int) -> int:
    """Return the number of encoder states of so many frames."""
    return -(-frames // options_of(recipe)["subsampling"])


def log_mel(recipe: Recipe, rate: int) -> LogMelSpectrogram:
    """Return the log-mel transform from samples at this rate to the frames of a recipe's model."""
    return LogMelSpectrogram(rate, mel_rate=recipe.data.mel_rate, mels=options_of(recipe)["mels"])


def leaves_padding_out(recipe: Recipe) -> bool:
    """Return whether the model of a recipe masks padding."""
    return options_of(recipe)["masked"]


def cut_line(names: Sequence[str], transform: LogMelSpectrogram, longest: int) -> str:
    """Return one line that names the clips that are cut to `longest` frames."""
    clips = "1 clip" if len(names) == 1 else f"{len(names):,} clips"
    seconds = longest * transform.seconds_per_frame
    more = ", ..." if len(names) > NAMED else ""
    return f"{clips} cut to {seconds:.1f} s, {longest:,} frames: {', '.join(names[:NAMED])}{more}"


def longest_clip(section: DataSection) -> int:
    """Return the maximum number of frames kept of a clip."""
    return section.max_frames or MAX_FRAMES


def as_sources(clips: Sequence[Clip], transform: LogMelSpectrogram, longest: int, is_masked: bool) -> Sources:
    """Compute the spectrograms of clips as sources; without masking, pad all to `longest` frames."""
    frames, real = spectrograms(clips, transform, longest, padded=0 if is_masked else longest)
    return Sources(frames, BUCKET_WIDTHS[0] if is_masked else None, BATCH, real)


def _texts(sequences: Sequence[Tokens]) -> list[str]:
    return [to_text(sequence, "characters") for sequence in sequences]
