"""Whatever ends in a sequence of tokens: what its experiments share, and the metrics of a split."""

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
from kzoo.tasks.experiment import Evaluation, Experiment, tested
from kzoo.tasks.vocabularies import TARGET_VOCABULARY, load_vocabulary
from kzoo.training.inference import compile_token_loss
from kzoo.training.run import Checkpoint, RunFolder
from kzoo.training.sources import Sources

END = "end"
"""What stands for the end token in a picture."""

SAMPLES = 20
"""How many predictions for the test set are printed in a run folder."""


@dataclass(frozen=True)
class SequenceExperiment(Experiment):
    """A recipe that trains a model to write a sequence of tokens about each source.

    `saved` is the vocabulary of what is written where a run has it.
    """

    saved: Vocabulary | None = None

    ADAPTER: ClassVar[SequenceAdapter]
    """The family of the model."""

    INPUT: ClassVar[str]
    """What a source is called in a file of hypotheses."""

    SAMPLE_COLUMNS: ClassVar[tuple[str, ...]]
    """The columns of the sample predictions in a run folder."""

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The tokens that are written: those of the run if it is one, else of the training split."""
        return self.saved or self.build_vocabulary()

    @abstractmethod
    def build_vocabulary(self) -> Vocabulary:
        """The tokens of the training split that are written."""

    @property
    @abstractmethod
    def limits(self) -> Limits:
        """Where decoding begins and ends."""

    @abstractmethod
    def sources(self, split: str) -> Sources:
        """The sources of a split as the model reads them."""

    @abstractmethod
    def targets(self, split: str) -> tuple[Sequence[Tokens], np.ndarray | None]:
        """What is to be written, and about which source each is: about its own where None."""

    @abstractmethod
    def names(self, split: str) -> Sequence[str]:
        """What is written about: a text, or the name of a file."""

    @abstractmethod
    def references(self, split: str) -> Sequence[Sequence[Tokens]]:
        """What may be written about each source."""

    @property
    @abstractmethod
    def written_kind(self) -> TokenKind:
        """What the tokens that are written are."""

    @abstractmethod
    def metrics(self, split: str, predictions: Sequence[Tokens]) -> dict[str, float]:
        """The metrics that are measured after each epoch, of one prediction for each source."""

    @abstractmethod
    def measure(self, split: str, passes: list[list[Tokens]]) -> dict[str, Any]:
        """All metrics of several predictions for each source, ready for JSON.

        `count`, the metrics, and with `intervals` what has a bootstrap interval.
        """

    @abstractmethod
    def sample_rows(self, predictions: Sequence[Tokens]) -> Iterable[tuple[str, ...]]:
        """Rows of `SAMPLE_COLUMNS` for predictions of the test set."""

    @abstractmethod
    def attention_picture(self, run: RunFolder, written: Tokens, weights: np.ndarray) -> Figure:
        """What each token about the first test source attends to; `weights` are `(written, source)`."""

    @property
    def loss_smoothing(self) -> float:
        """The label smoothing of the loss that is measured."""
        return 0.0

    def draw_samples(self, run: RunFolder, predictions: Sequence[Tokens]) -> None:
        """Draw pictures of predictions for the test set; texts have none."""

    def validator(self, model: keras.Model) -> Callable[[], dict[str, float]]:
        """Loss with the true tokens before each, and the metrics of greedy decoding."""
        decode = compile_decoding([model], self.ADAPTER, Decoding(), self.limits)
        measure_loss, sources = self.compile_loss(model, "validation"), self.sources("validation")

        def validate() -> dict[str, float]:
            predictions = decode_best(decode(sources), self.vocabulary)
            return {"loss": measure_loss(), **self.metrics("validation", predictions)}

        return validate

    def compile_loss(self, model: keras.Model, split: str) -> Callable[[], float]:
        """A function that measures the loss of the model, as it is when it is called, on a split."""
        measure, sources = compile_token_loss(model, self.loss_smoothing), self.sources(split)
        target_ids, _, owners = self.encode_targets(split)
        return lambda: measure(sources, target_ids, owners)

    def check_together(self, runs: Sequence[RunFolder]) -> None:
        """Raises UsageError if runs that are to be decoded together differ in a vocabulary or in `READS`."""
        load_vocabulary(runs)
        check_reading(runs, self.READS)

    def encode_targets(self, split: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Ids between start and end, how many are to be predicted, the end among them, and their sources."""
        targets, owners = self.targets(split)
        lengths = np.fromiter(map(len, targets), np.int32, len(targets)) + 1
        owners = np.arange(len(targets)) if owners is None else owners
        return self.vocabulary.encode_batch(targets, start=True, end=True), lengths, owners

    def prepare_run(self, run: RunFolder) -> None:
        """Keep the vocabulary of what is written."""
        self.vocabulary.save(run.path / TARGET_VOCABULARY)

    def with_files_of(self, run: RunFolder) -> Self:
        """With the run's vocabulary."""
        return replace(self, saved=load_vocabulary([run]))

    def test_and_report(self, model: keras.Model, run: RunFolder) -> dict[str, Any]:
        """The metrics of greedy decoding of the test set; curves, attention and sample predictions."""
        save(curves({folder_label(run): run.history()}, self.criterion), run.path / "curves.png")
        passes = decode_all(self.decode([model], "test", Decoding()), self.vocabulary)
        predictions = [row[0] for row in passes]
        self._write_samples(run, predictions)
        self.draw_samples(run, predictions)
        if self.ADAPTER.has_attention(model):
            save(self.draw_attention(run, model, predictions[0]), run.path / "attention.png")
        return {"loss": self.compile_loss(model, "test")(), **self.measure("test", passes)}

    def evaluate(
        self, runs: Sequence[RunFolder], checkpoint: Checkpoint | None, split: str, decoding: Decoding | None
    ) -> Evaluation:
        """Error rates, similarities or BLEU with their intervals; the loss is that of one model alone."""
        self.check_together(runs)
        check_data(runs)
        decoding = decoding or Decoding()
        models = [run.load_tested_model(checkpoint) for run in runs]
        loss = {"loss": self.compile_loss(models[0], split)()} if len(models) == 1 else {}
        decoded = self.decode(models, split, decoding)
        passes = decode_all(decoded, self.vocabulary)
        metrics = {
            "runs": [str(run.path) for run in runs],
            **tested(runs, checkpoint),
            "split": split,
            "data": self.describe_data(),
            "decoding": decoding.to_json(),
            "noun": self.NOUN,
            **loss,
            **self.measure(split, passes),
        }
        return Evaluation(metrics, self._hypotheses(split, passes, decoded.scores))

    def decode(self, models: Sequence[keras.Model], split: str, decoding: Decoding) -> Decoded:
        """What models write about the sources of a split, in each pass or beam."""
        decode = compile_decoding(models, self.ADAPTER, decoding, self.limits)
        return decode(self.sources(split))

    def _hypotheses(
        self, split: str, passes: Sequence[Sequence[Tokens]], scores: np.ndarray
    ) -> list[dict[str, Any]]:
        """Each pass or beam; its distance is the edits to the nearest reference."""
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
        """What each token of the first prediction attends to, and the end, where it was reached."""
        written = (*prediction, END)[: self.limits.length]
        before = self.vocabulary.encode_batch([prediction], start=True)[:, : len(written)]
        source = self.sources("test")[:1]
        weights = self.ADAPTER.attention_weights(model, source.values[:, : source.lengths[0]], before)
        return self.attention_picture(run, written, weights[0])

    def _write_samples(self, run: RunFolder, predictions: Sequence[Tokens]) -> None:
        """The first predictions for the test set beside the truth, as the reports print them."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
        writer.writerow(self.SAMPLE_COLUMNS)
        writer.writerows(self.sample_rows(predictions[:SAMPLES]))
        atomic_write_text(run.path / "predictions.tsv", buffer.getvalue())


def decode_all(decoded: Decoded, vocabulary: Vocabulary) -> list[list[Tokens]]:
    """The tokens of every pass for every source."""
    return [[vocabulary.decode(tokens) for tokens in row] for row in decoded.tokens]


def decode_best(decoded: Decoded, vocabulary: Vocabulary) -> list[Tokens]:
    """The tokens of the first pass for every source."""
    return [vocabulary.decode(row[0]) for row in decoded.tokens]


def _nearest(references: Sequence[Tokens], written: Tokens) -> int:
    """The edits from what was written to the nearest reference."""
    return int(edit_distances(references, [written] * len(references)).min())


def check_data(runs: Sequence[RunFolder]) -> None:
    """See that runs were trained on the same data, be it on different shares of them.

    Raises:
        UsageError: they were not: one may have been trained on what another is tested on.
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
    """See that runs which are to be decoded together read their sources alike.

    Raises:
        UsageError: one of these keys of what they remember of their data differs.
    """
    first, *others = (run.environment()["data"] for run in runs)
    for run, data in zip(runs[1:], others, strict=True):
        for key in keys:
            if data.get(key) != first.get(key):
                raise UsageError(
                    f"{run.path} and {runs[0].path} differ in data.{key}: they do not read alike"
                )
