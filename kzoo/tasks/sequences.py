"""The base class of the experiments of sequence models, and helpers for decoded sequences."""

from __future__ import annotations

import csv
import io
from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import keras
import numpy as np
from matplotlib.figure import Figure

from kzoo.data.tokens import TokenKind, Tokens, to_text
from kzoo.data.vocabulary import Vocabulary
from kzoo.decoding import Limits
from kzoo.decoding.adapter import SequenceAdapter
from kzoo.decoding.decoder import Decoded, compile_decoding
from kzoo.decoding.options import Decoding
from kzoo.errors import UsageError
from kzoo.files import atomic_write_text
from kzoo.metrics.transcription import edit_distances
from kzoo.pictures.curves import curves
from kzoo.pictures.figure import save
from kzoo.pictures.title import folder_label
from kzoo.tasks.experiment import Evaluation, Experiment
from kzoo.tasks.vocabularies import TARGET_VOCABULARY, load_vocabulary, size_option
from kzoo.training.inference import compile_token_loss
from kzoo.training.initial import Labels
from kzoo.training.objective import TokenLosses, token_losses
from kzoo.training.run import RunFolder
from kzoo.training.sources import Sources

END = "end"
"""The label of the end token in a picture."""

SAMPLES = 20
"""The number of test predictions written to `predictions.tsv` in a run folder."""


@dataclass(frozen=True)
class SequenceExperiment(Experiment):
    """An experiment that trains a sequence model: one that outputs a sequence of tokens for each source.

    `saved` is the target vocabulary of a run, and `saved_longest` the number of tokens in the longest target
    that it was trained on; None takes them from the data.
    """

    saved: Vocabulary | None = None
    saved_longest: int | None = None

    ADAPTER: ClassVar[SequenceAdapter]
    """The family of the model."""

    INPUT: ClassVar[str]
    """The column name of a source in a file of hypotheses."""

    SAMPLE_COLUMNS: ClassVar[tuple[str, ...]]
    """The columns of the sample predictions in a run folder."""

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The target vocabulary: the one saved in a run, else the one of the training split."""
        return self.saved or self.build_vocabulary()

    @abstractmethod
    def build_vocabulary(self) -> Vocabulary:
        """Build the target vocabulary of the training split."""

    @property
    def labels(self) -> Labels:
        """The tokens of the target vocabulary."""
        return {size_option(self.recipe.model.name, TARGET_VOCABULARY): self.vocabulary}

    @property
    @abstractmethod
    def limits(self) -> Limits:
        """The decoding limits: start token, end token and maximum length."""

    @abstractmethod
    def sources(self, split: str) -> Sources:
        """Return the sources of a split in the form that the model takes."""

    @abstractmethod
    def targets(self, split: str) -> tuple[Sequence[Tokens], np.ndarray | None]:
        """Return the targets of a split and the row of the source of each; None if they match row by row."""

    @abstractmethod
    def names(self, split: str) -> Sequence[str]:
        """Return the names of the sources of a split: texts or file names."""

    @abstractmethod
    def references(self, split: str) -> Sequence[Sequence[Tokens]]:
        """Return the references of each source of a split."""

    @property
    @abstractmethod
    def written_kind(self) -> TokenKind:
        """The kind of the target tokens."""

    @abstractmethod
    def metrics(self, split: str, predictions: Sequence[Tokens]) -> dict[str, float]:
        """Return the metrics that are measured after each epoch, from one prediction for each source."""

    @abstractmethod
    def measure(self, split: str, passes: list[list[Tokens]]) -> dict[str, Any]:
        """Return all metrics of one or several predictions for each source, ready for JSON.

        The keys are `count`, the metrics, and `intervals` with the bootstrap intervals of some of them.
        """

    @abstractmethod
    def sample_rows(self, predictions: Sequence[Tokens]) -> Iterable[tuple[str, ...]]:
        """Yield a row of `SAMPLE_COLUMNS` for each prediction for the test set."""

    @abstractmethod
    def attention_picture(self, run: RunFolder, written: Tokens, weights: np.ndarray) -> Figure:
        """Draw the attention of each output token over the first test source, `weights` (written, source)."""

    @property
    def measured_losses(self) -> TokenLosses:
        """The losses whose mean over the tokens is the measured loss: without label smoothing."""
        return token_losses

    def draw_samples(self, run: RunFolder, predictions: Sequence[Tokens]) -> None:
        """Draw pictures of predictions for the test set; by default there are none."""

    def validator(self, model: keras.Model) -> Callable[[], dict[str, float]]:
        """Return a function that measures the teacher-forced loss and the metrics of greedy decoding."""
        measure_loss, sources = self.compile_loss(model, "validation"), self.sources("validation")
        batches = sources.batches_per_width() * self.recipe.training.epochs
        decode = compile_decoding([model], self.ADAPTER, Decoding(), self.limits, batches)

        def validate() -> dict[str, float]:
            predictions = decode_best(decode(sources), self.vocabulary)
            return {"loss": measure_loss(), **self.metrics("validation", predictions)}

        return validate

    def compile_loss(self, model: keras.Model, split: str) -> Callable[[], float]:
        """Return a function that measures the loss of the model's current weights on a split."""
        measure, sources = compile_token_loss(model, self.measured_losses), self.sources(split)
        target_ids, _, owners = self.encode_targets(split)
        return lambda: measure(sources, target_ids, owners)

    def encode_targets(self, split: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Encode the targets of a split.

        Returns:
            The ids with start and end tokens, the number of tokens to predict in each target (the end token
            counts), and the row of the source of each target.
        """
        targets, owners = self.targets(split)
        lengths = np.fromiter(map(len, targets), np.int32, len(targets)) + 1
        owners = np.arange(len(targets)) if owners is None else owners
        return self.vocabulary.encode_batch(targets, start=True, end=True), lengths, owners

    def prepare_run(self, run: RunFolder) -> None:
        """Save the target vocabulary in a run folder."""
        self.vocabulary.save(run.path / TARGET_VOCABULARY)

    def with_files_of(self, run: RunFolder) -> Self:
        """Return the experiment with the target vocabulary and the longest target of a run."""
        longest = run.environment()["data"].get("longest")
        return replace(self, saved=load_vocabulary([run]), saved_longest=longest)

    def test_and_report(self, model: keras.Model, run: RunFolder) -> dict[str, Any]:
        """Return the test metrics of greedy decoding; save curves, attention and sample predictions."""
        save(curves({folder_label(run): run.history()}, self.criterion), run.path / "curves.png")
        passes = decode_all(self.decode([model], "test", Decoding()), self.vocabulary)
        predictions = [row[0] for row in passes]
        self._write_samples(run, predictions)
        self.draw_samples(run, predictions)
        if self.ADAPTER.has_attention(model):
            save(self.draw_attention(run, model, predictions[0]), run.path / "attention.png")
        return {"loss": self.compile_loss(model, "test")(), **self.measure("test", passes)}

    def evaluate(
        self, models: Sequence[keras.Model], split: str, decoding: Decoding | None = None
    ) -> Evaluation:
        """Measure the decoded sequences of a split against the references, and the loss of a single model."""
        decoding = decoding or Decoding()
        loss = {"loss": self.compile_loss(models[0], split)()} if len(models) == 1 else {}
        decoded = self.decode(models, split, decoding)
        passes = decode_all(decoded, self.vocabulary)
        metrics = {
            "split": split,
            "data": self.describe_data(),
            "decoding": decoding.to_json(),
            "noun": self.NOUN,
            **loss,
            **self.measure(split, passes),
        }
        return Evaluation(metrics, self._hypotheses(split, passes, decoded.scores))

    def decode(self, models: Sequence[keras.Model], split: str, decoding: Decoding) -> Decoded:
        """Decode the sources of a split with one or several models."""
        sources = self.sources(split)
        decode = compile_decoding(models, self.ADAPTER, decoding, self.limits, sources.batches_per_width())
        return decode(sources)

    def _hypotheses(
        self, split: str, passes: Sequence[Sequence[Tokens]], scores: np.ndarray
    ) -> list[dict[str, Any]]:
        """List every hypothesis of every source, with its edit distance to the nearest reference."""
        references = self.references(split)
        return [
            {
                "index": index,
                self.INPUT: name,
                "rank": rank,
                "references": [to_text(reference, self.written_kind) for reference in references[index]],
                "hypothesis": to_text(written, self.written_kind),
                "score": float(scores[index, rank]),
                "distance": _nearest(references[index], written),
            }
            for index, name in enumerate(self.names(split))
            for rank, written in enumerate(passes[index])
        ]

    def draw_attention(self, run: RunFolder, model: keras.Model, prediction: Tokens) -> Figure:
        """Draw the attention of the tokens of the first prediction, and of the end token if reached."""
        written = (*prediction, END)[: self.limits.length]
        before = self.vocabulary.encode_batch([prediction], start=True)[:, : len(written)]
        source = self.sources("test")[:1]
        weights = self.ADAPTER.attention_weights(model, source.values[:, : source.lengths[0]], before)
        return self.attention_picture(run, written, weights[0])

    def _write_samples(self, run: RunFolder, predictions: Sequence[Tokens]) -> None:
        """Write the first test predictions and their references to `predictions.tsv`, as in the reports."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
        writer.writerow(self.SAMPLE_COLUMNS)
        writer.writerows(self.sample_rows(predictions[:SAMPLES]))
        atomic_write_text(run.path / "predictions.tsv", buffer.getvalue())


def decode_all(decoded: Decoded, vocabulary: Vocabulary) -> list[list[Tokens]]:
    """Return the tokens of every hypothesis (pass or beam) of every source."""
    return [[vocabulary.decode(tokens) for tokens in row] for row in decoded.tokens]


def decode_best(decoded: Decoded, vocabulary: Vocabulary) -> list[Tokens]:
    """Return the tokens of the first hypothesis of every source."""
    return [vocabulary.decode(row[0]) for row in decoded.tokens]


def _nearest(references: Sequence[Tokens], written: Tokens) -> int:
    """Return the edit distance from a hypothesis to the nearest reference."""
    return int(edit_distances(references, [written] * len(references)).min())


def check_data(runs: Sequence[RunFolder]) -> None:
    """Check that runs were trained on the same data, possibly on different fractions of the training split.

    Raises:
        UsageError: the data differ, so one run may have been trained on what another is tested on.
    """
    shares = {run.recipe().data.fraction for run in runs}

    def held_out(run: RunFolder) -> list[Any]:
        data = run.environment()["data"]
        sizes = [data["sizes"][split] for split in ("validation", "test")]
        return [data["name"], *sizes, *([data["sha256"]] if len(shares) == 1 else [])]

    for run in runs[1:]:
        if held_out(run) != held_out(runs[0]):
            raise UsageError(
                f"{run.path} and {runs[0].path} were trained on different data: "
                "one may have seen what the other is tested on"
            )


def check_reading(runs: Sequence[RunFolder], keys: Sequence[str]) -> None:
    """Check that runs to be decoded together prepare their inputs in the same way.

    Raises:
        UsageError: the recorded data of the runs differ in one of `keys`.
    """
    first, *others = (run.environment()["data"] for run in runs)
    for run, data in zip(runs[1:], others, strict=True):
        for key in keys:
            if data.get(key) != first.get(key):
                raise UsageError(
                    f"{run.path} and {runs[0].path} differ in data.{key}: they read different inputs"
                )
