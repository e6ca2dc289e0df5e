"""Sequence transduction, characters or phones to characters: its experiment and the figures of a split."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kzoo import registry
from kzoo.data.augmentation import corrupt
from kzoo.data.pair_sources import load_pair_set
from kzoo.data.pairs import PairSet, PairSplit
from kzoo.data.tokens import Tokens, to_text
from kzoo.data.vocabulary import Vocabulary
from kzoo.errors import UsageError
from kzoo.experiment import Experiment
from kzoo.files import atomic_write_text
from kzoo.metrics import transcription
from kzoo.recipe import Recipe
from kzoo.reporting.curves import curves
from kzoo.reporting.figure import save
from kzoo.tasks.translator import Decoding, Translations, compile_translation
from kzoo.training.examples import Examples
from kzoo.training.inference import compile_token_loss
from kzoo.training.objective import Objective, transduction
from kzoo.training.progress import Criterion
from kzoo.training.run import Checkpoint, RunFolder

SOURCE_VOCABULARY, TARGET_VOCABULARY = "source-vocabulary.json", "target-vocabulary.json"
"""The vocabularies in a run folder."""

SAMPLES = 20
"""How many predictions for the test set are printed in a run folder."""


@dataclass(frozen=True)
class PairExperiment(Experiment):
    """A recipe that trains a model from one sequence to another."""

    data: PairSet

    NOUN = "pairs"
    DATA_KEYS = frozenset({"max_length", "source_tokens", "target_tokens", "stress"})
    CRITERION = Criterion("character_error_rate", higher_is_better=False)
    FIGURES = ("error_rate", "character_error_rate", "word_error_rate")

    @cached_property
    def vocabularies(self) -> tuple[Vocabulary, Vocabulary]:
        """Those of the training split's sources and targets."""
        return self.data.vocabularies()

    @classmethod
    def load(cls, recipe: Recipe, name: str, *, data_dir: Path | None, require_data: bool) -> PairSet:
        """The set of pairs."""
        options = recipe.data.model_dump(include=set(cls.DATA_KEYS))
        return load_pair_set(name, data_dir=data_dir, require_data=require_data, **options)

    @classmethod
    def fit_model(cls, recipe: Recipe, data: PairSet, *, own_data: bool) -> Recipe:
        """The vocabularies' sizes, unless the recipe sets them, are those of the data."""
        defaults = registry.default_options(recipe.model.name)
        sizes = dict(zip(_SIZE_OPTIONS, map(len, data.vocabularies()), strict=True))
        fitted = {}
        for option, size in sizes.items():
            if option not in recipe.model.options and size != defaults[option]:
                fitted[option] = size
            elif recipe.model.options.get(option, defaults[option]) < size:
                raise UsageError(
                    f"{data.origin.name} has {size} tokens, the model {recipe.model.options[option]}: "
                    f"--set model.{option}={size}"
                )
        return recipe.with_model_options(**fitted) if fitted else recipe

    def describe(self) -> dict[str, Any]:
        """What the tokens are, and which rows of the files were left out."""
        return {"tokens": list(self.data.tokens), "left_out": self.data.dropped.lines()}

    def examples(self) -> Callable[[int], Examples]:
        """Ids of sources and of targets with start and end; with augmentation, other sources each epoch."""
        targets, target_lengths = self._encode_targets(self.data.train)
        share, seed = self.recipe.training.augmentation, self.recipe.training.seed

        def encode(sources: Sequence[Tokens]) -> Examples:
            lengths = np.array([list(map(len, sources)), target_lengths], np.int32).T
            return Examples((self.encode_sources(sources), targets), lengths)

        if share == 0:
            examples = encode(self.data.train.sources)
            return lambda epoch: examples
        tokens = self.vocabularies[0].tokens
        return lambda epoch: encode(
            corrupt(self.data.train.sources, tokens, share, np.random.default_rng([seed, epoch]))
        )

    def objective(self) -> Objective:
        """The negative log-likelihood of each next token."""
        return transduction(self.recipe.training.label_smoothing)

    def validator(self, model: keras.Model) -> Callable[[], dict[str, float]]:
        """Loss with the true tokens before each, and the error rates of greedy decoding."""
        split = self.data.validation
        translate, measure_loss = compile_translation([model], Decoding()), compile_token_loss(model)
        sources, (targets, _) = self.encode_sources(split.sources), self._encode_targets(split)

        def validate() -> dict[str, float]:
            predictions = decode_best(translate(sources), self.vocabularies[1])
            return {"loss": measure_loss(sources, targets), **error_rates(split.targets, predictions)}

        return validate

    def prepare_run(self, run: RunFolder) -> None:
        """Keep the vocabularies."""
        for name, vocabulary in zip((SOURCE_VOCABULARY, TARGET_VOCABULARY), self.vocabularies, strict=True):
            vocabulary.save(run.path / name)

    def conclude(self, model: keras.Model, run: RunFolder) -> dict[str, Any]:
        """The figures of greedy decoding of the test set; curves and sample predictions."""
        save(curves({self.title: run.history()}), run.path / "curves.png")
        passes = self.translate([model], "test", Decoding())
        self._write_samples(run, [row[0] for row in passes])
        return self.measure("test", passes)

    def evaluate(
        self, runs: Sequence[RunFolder], checkpoint: Checkpoint | None, split: str, decoding: Decoding
    ) -> dict[str, Any]:
        """Measure the models of one or several runs, decoded together, on a split, ready for JSON."""
        load_vocabularies(runs)
        models = [run.load_tested_model(checkpoint) for run in runs]
        return {
            "runs": [str(run.path) for run in runs],
            "checkpoint": checkpoint or self.recipe.training.tested_epoch,
            "split": split,
            "data": self.describe_data(),
            "decoding": decoding.to_json(),
            **self.measure(split, self.translate(models, split, decoding)),
        }

    def translate(self, models: Sequence[keras.Model], split: str, decoding: Decoding) -> list[list[Tokens]]:
        """What models make of the sources of a split, in each pass or beam."""
        sources = self.encode_sources(self.data.splits[split].sources)
        return decode_all(compile_translation(models, decoding)(sources), self.vocabularies[1])

    def measure(self, split: str, passes: list[list[Tokens]]) -> dict[str, Any]:
        """The error rates of the first pass of each source, their intervals, and WER@k of all k."""
        references = self.data.splits[split].targets
        predictions = [row[0] for row in passes]
        distances = transcription.edit_distances(references, predictions)
        lengths = np.array(list(map(len, references)))
        k = len(passes[0])
        by_pass = [[row[i] for row in passes] for i in range(k)]
        at_k = {f"word_error_rate_at_{k}": transcription.word_error_rate_at_k(references, by_pass)}
        return {
            "count": len(references),
            **error_rates(references, predictions),
            "exact_match": transcription.exact_match(references, predictions),
            **(at_k if k > 1 else {}),
            "intervals": {
                "error_rate": transcription.bootstrap_interval(distances / lengths),
                "character_error_rate": transcription.bootstrap_interval(distances, lengths),
                "word_error_rate": transcription.bootstrap_interval(distances > 0),
            },
        }

    def encode_sources(self, sources: Sequence[Tokens]) -> np.ndarray:
        """Their ids, int32 `(count, length)`, padded with 0."""
        return self.vocabularies[0].encode_batch(sources)

    def _encode_targets(self, split: PairSplit) -> tuple[np.ndarray, list[int]]:
        """Ids between start and end, and how many are to be predicted, the end among them."""
        targets = self.vocabularies[1].encode_batch(split.targets, start=True, end=True)
        return targets, [len(target) + 1 for target in split.targets]

    def _write_samples(self, run: RunFolder, predictions: Sequence[Tokens]) -> None:
        """The first predictions for the test set beside the truth, as the reports print them."""
        test, (source_kind, target_kind) = self.data.test, self.data.tokens
        buffer = io.StringIO()
        writer = csv.writer(buffer, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
        writer.writerow(("source", "target", "prediction"))
        for source, target, prediction in list(zip(test.sources, test.targets, predictions, strict=True))[
            :SAMPLES
        ]:
            texts = (to_text(target, target_kind), to_text(prediction, target_kind))
            writer.writerow((to_text(source, source_kind), *texts))
        atomic_write_text(run.path / "predictions.tsv", buffer.getvalue())


_SIZE_OPTIONS = ("source_vocabulary", "target_vocabulary")


def error_rates(references: Sequence[Tokens], predictions: Sequence[Tokens]) -> dict[str, float]:
    """The macro error rate (R000, R002), the micro one (R003's CER), and the share of wrong sequences."""
    return {
        "error_rate": transcription.error_rate(references, predictions),
        "character_error_rate": transcription.character_error_rate(references, predictions),
        "word_error_rate": transcription.word_error_rate(references, predictions),
    }


def decode_all(translations: Translations, vocabulary: Vocabulary) -> list[list[Tokens]]:
    """The tokens of every pass for every source."""
    return [[vocabulary.decode(tokens) for tokens in row] for row in translations.tokens]


def decode_best(translations: Translations, vocabulary: Vocabulary) -> list[Tokens]:
    """The tokens of the first pass for every source."""
    return [vocabulary.decode(row[0]) for row in translations.tokens]


def load_vocabularies(runs: Sequence[RunFolder]) -> tuple[Vocabulary, Vocabulary]:
    """The vocabularies of runs that are to be decoded together.

    Raises:
        UsageError: they differ.
    """
    pairs = [
        (Vocabulary.load(run.path / SOURCE_VOCABULARY), Vocabulary.load(run.path / TARGET_VOCABULARY))
        for run in runs
    ]
    for run, pair in zip(runs, pairs, strict=True):
        if pair != pairs[0]:
            raise UsageError(
                f"{run.path} and {runs[0].path} have different vocabularies: decode runs on the same data"
            )
    return pairs[0]
