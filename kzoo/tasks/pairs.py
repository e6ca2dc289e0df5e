"""Sequence transduction (characters or phones to characters): the experiment and its metrics on a split."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from matplotlib.figure import Figure

from kzoo import registry
from kzoo.data.pairs.augmentation import corrupt
from kzoo.data.pairs.load import OPTIONS, load_pair_set
from kzoo.data.pairs.pair_set import PairSet
from kzoo.data.tokens import TokenKind, Tokens, to_text
from kzoo.data.vocabulary import Vocabulary
from kzoo.decoding import Limits
from kzoo.decoding.adapter import SequenceAdapter
from kzoo.errors import UsageError
from kzoo.metrics import transcription
from kzoo.models import seq2seq
from kzoo.pictures.alignment import alignment
from kzoo.pictures.title import picture_title
from kzoo.recipe import Recipe
from kzoo.symbols import EOS, SOS
from kzoo.tasks.sequences import SequenceExperiment
from kzoo.tasks.vocabularies import SOURCE_VOCABULARY, load_vocabulary, size_option
from kzoo.training.examples import Examples
from kzoo.training.initial import Labels
from kzoo.training.objective import Objective, token_losses, transduction
from kzoo.training.run import RunFolder
from kzoo.training.sources import Sources

LONGEST = 50
"""The most tokens that are decoded: 50 in R003; 49 and the end token in R000 and R002."""


@dataclass(frozen=True)
class PairExperiment(SequenceExperiment):
    """An experiment that trains a sequence-to-sequence model.

    `saved_sources` is the source vocabulary of a run; None builds it from the training split.
    """

    data: PairSet
    saved_sources: Vocabulary | None = None

    NOUN = "pairs"
    DATA_KEYS = OPTIONS
    TRAINING_KEYS = frozenset({"batch_by_length"})
    AUGMENTATION_KEYS = frozenset({"tokens"})
    METRICS = ("error_rate", "character_error_rate", "word_error_rate")
    ADAPTER: ClassVar[SequenceAdapter] = seq2seq
    INPUT = "source"
    SAMPLE_COLUMNS = ("source", "target", "prediction")

    @cached_property
    def source_vocabulary(self) -> Vocabulary:
        """The source vocabulary: the one saved in a run, else the one of the training split."""
        return self.saved_sources or self.data.vocabularies()[0]

    def build_vocabulary(self) -> Vocabulary:
        """Build the vocabulary of the training targets."""
        return self.data.vocabularies()[1]

    @property
    def labels(self) -> Labels:
        """The tokens of both vocabularies."""
        option = size_option(self.recipe.model.name, SOURCE_VOCABULARY)
        return {option: self.source_vocabulary, **super().labels}

    @classmethod
    def load(
        cls, recipe: Recipe, *, data_dir: Path | None, require_data: bool, stand_in: str | None
    ) -> PairSet:
        """Load the pairs of a recipe."""
        options = recipe.data.model_dump(include=set(cls.DATA_KEYS))
        return load_pair_set(
            recipe.data.name, data_dir=data_dir, require_data=require_data, stand_in=stand_in, **options
        )

    @classmethod
    def fit_model(cls, recipe: Recipe, data: PairSet) -> Recipe:
        """Return the recipe with the vocabulary sizes of the data, unless the recipe sets them.

        The recipe may set a larger source vocabulary, but every output of the model must be a token.
        """
        defaults = registry.default_options(recipe.model.name)
        sizes = dict(zip(_SIZE_OPTIONS, map(len, data.vocabularies()), strict=True))
        fitted = {}
        for option, size in sizes.items():
            if option not in recipe.model.options and size != defaults[option]:
                fitted[option] = size
            given = recipe.model.options.get(option, size)
            if given < size or (given > size and option == "target_vocabulary"):
                raise UsageError(
                    f"{data.origin.name} has {size} tokens, the model has {given}: "
                    f"--set model.{option}={size}"
                )
        return recipe.with_model_options(**fitted) if fitted else recipe

    def describe(self) -> dict[str, Any]:
        """Describe the kinds of tokens, the length of the longest training target and the rows left out."""
        return {
            "tokens": list(self.data.tokens),
            "longest": self.longest,
            "left_out": self.data.dropped.lines(),
        }

    def examples(self) -> Callable[[int], Examples]:
        """Return the source ids and the target ids with start and end; augmentation is redone each epoch."""
        target_ids, target_lengths, _ = self.encode_targets("train")
        share, seed = self.recipe.augmentation.tokens, self.recipe.training.seed

        def encode(sources: Sequence[Tokens]) -> Examples:
            lengths = np.array([list(map(len, sources)), target_lengths], np.int32).T
            return Examples((self.encode_sources(sources), target_ids), lengths)

        if share == 0:
            examples = encode(self.data.train.sources)
            return lambda epoch: examples
        tokens = self.source_vocabulary.tokens
        return lambda epoch: encode(
            corrupt(self.data.train.sources, tokens, share, np.random.default_rng([seed, epoch]))
        )

    def objective(self) -> Objective:
        """Return the training objective: the negative log-likelihood of each next token."""
        smoothing = self.recipe.training.label_smoothing
        return transduction("source_ids", partial(token_losses, smoothing=smoothing))

    @cached_property
    def longest(self) -> int:
        """The number of tokens in the longest training target."""
        return max(map(len, self.data.train.targets)) if self.saved_longest is None else self.saved_longest

    @property
    def limits(self) -> Limits:
        """The decoding limits: the maximum length of the reports, or more if training targets are longer."""
        return limits(self.longest)

    def sources(self, split: str) -> Sources:
        """Return the source ids of a split."""
        return Sources(self.encode_sources(self.data.splits[split].sources))

    def targets(self, split: str) -> tuple[Sequence[Tokens], None]:
        """Return the targets of a split, one for each source in the same order."""
        return self.data.splits[split].targets, None

    def names(self, split: str) -> Sequence[str]:
        """Return the source texts of a split."""
        return [to_text(source, self.data.tokens[0]) for source in self.data.splits[split].sources]

    def references(self, split: str) -> Sequence[Sequence[Tokens]]:
        """Return the single reference, the target, of each source of a split."""
        return [(target,) for target in self.data.splits[split].targets]

    @property
    def written_kind(self) -> TokenKind:
        """The kind of the target tokens."""
        return self.data.tokens[1]

    def metrics(self, split: str, predictions: Sequence[Tokens]) -> dict[str, float]:
        """Return the macro error rate (R000, R002), the CER (micro; R003) and the share of wrong outputs."""
        references = self.data.splits[split].targets
        return {
            "error_rate": transcription.error_rate(references, predictions),
            "character_error_rate": transcription.character_error_rate(references, predictions),
            "word_error_rate": transcription.word_error_rate(references, predictions),
        }

    def measure(self, split: str, passes: list[list[Tokens]]) -> dict[str, Any]:
        """Return the error rates of the first of k predictions, their intervals, and WER@k of all k."""
        references = self.data.splits[split].targets
        predictions = [row[0] for row in passes]
        distances = transcription.edit_distances(references, predictions)
        lengths = np.array(list(map(len, references)))
        k = len(passes[0])
        by_pass = [[row[i] for row in passes] for i in range(k)]
        at_k = {f"word_error_rate_at_{k}": transcription.word_error_rate_at_k(references, by_pass)}
        return {
            "count": len(references),
            **self.metrics(split, predictions),
            "exact_match": transcription.exact_match(references, predictions),
            **(at_k if k > 1 else {}),
            "intervals": {
                "error_rate": transcription.bootstrap_interval(distances / lengths),
                "character_error_rate": transcription.bootstrap_interval(distances, lengths),
                "word_error_rate": transcription.bootstrap_interval(distances > 0),
            },
        }

    def attention_picture(self, run: RunFolder, written: Tokens, weights: np.ndarray) -> Figure:
        """Draw the attention of the target tokens over the tokens of the first test source."""
        source = self.data.test.sources[0]
        title = picture_title(run, "attention", to_text(source, self.data.tokens[0]))
        return alignment(source, written, weights, title=title)

    def prepare_run(self, run: RunFolder) -> None:
        """Save both vocabularies in a run folder."""
        super().prepare_run(run)
        self.source_vocabulary.save(run.path / SOURCE_VOCABULARY)

    def with_files_of(self, run: RunFolder) -> Self:
        """Return the experiment with the vocabularies saved in a run."""
        return replace(super().with_files_of(run), saved_sources=load_vocabulary([run], SOURCE_VOCABULARY))

    def encode_sources(self, sources: Sequence[Tokens]) -> np.ndarray:
        """Encode sources as ids, int32 `(count, length)`, padded with 0."""
        return self.source_vocabulary.encode_batch(sources)

    def sample_rows(self, predictions: Sequence[Tokens]) -> Iterable[tuple[str, ...]]:
        """Yield the source, target and predicted text of each prediction for the test set."""
        test, (source_kind, target_kind) = self.data.test, self.data.tokens
        for source, target, prediction in zip(test.sources, test.targets, predictions, strict=False):
            texts = (to_text(target, target_kind), to_text(prediction, target_kind))
            yield to_text(source, source_kind), *texts


def limits(longest: int) -> Limits:
    """Return the decoding limits for targets of at most `longest` tokens, never fewer than LONGEST tokens.

    Both lengths count the end token. LONGEST suffices for the data of the reports.
    """
    return Limits(start=SOS, end=EOS, length=max(LONGEST, longest + 1))


_SIZE_OPTIONS = ("source_vocabulary", "target_vocabulary")
