"""The vocabulary files of a run, which map the token ids of its model to tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kzoo import registry
from kzoo.data.vocabulary import Vocabulary
from kzoo.errors import DataError, UsageError
from kzoo.training.run import RunFolder

SOURCE_VOCABULARY, TARGET_VOCABULARY = "source-vocabulary.json", "target-vocabulary.json"
"""The file names of the source and the target vocabulary in a run folder."""

_OPTIONS = {SOURCE_VOCABULARY: ("source_vocabulary",), TARGET_VOCABULARY: ("target_vocabulary", "vocabulary")}
"""The model options that may hold the size of each vocabulary; the name depends on the model family."""


@dataclass(frozen=True)
class Vocabularies:
    """The vocabularies of a sequence model. `source` is None if it does not read tokens."""

    source: Vocabulary | None
    target: Vocabulary


def load_vocabulary(runs: Sequence[RunFolder], name: str = TARGET_VOCABULARY) -> Vocabulary:
    """Load the vocabulary that runs to be decoded together share.

    Raises:
        UsageError: the runs have different vocabularies.
        DataError: a file is missing, damaged, or does not fit the model of its run.
    """
    vocabularies = [_load(run, name) for run in runs]
    for run, vocabulary in zip(runs, vocabularies, strict=True):
        if vocabulary != vocabularies[0]:
            raise UsageError(
                f"{run.path} and {runs[0].path} have different vocabularies: decode runs on the same data"
            )
    return vocabularies[0]


def load_vocabularies(run: RunFolder) -> dict[str, Vocabulary]:
    """Load the vocabularies of a run, by the model options that hold their sizes.

    Raises:
        DataError: a file is missing, damaged, or does not fit the model of the run.
    """
    options = registry.default_options(run.recipe().model.name)
    return {
        option: _load(run, name) for name, sizes in _OPTIONS.items() for option in sizes if option in options
    }


def size_option(model: str, name: str) -> str:
    """Return the option of a model that holds the size of a vocabulary."""
    return next(option for option in registry.default_options(model) if option in _OPTIONS[name])


def _load(run: RunFolder, name: str) -> Vocabulary:
    """Load a vocabulary of one run and check its size against the model.

    A model may embed more source ids than there are tokens, but every id that it outputs must be a token.
    """
    path, model = run.path / name, run.recipe().model
    size = registry.check_options(model.name, model.options)[size_option(model.name, name)]
    vocabulary = Vocabulary.load(path)
    if len(vocabulary) > size or (len(vocabulary) < size and name == TARGET_VOCABULARY):
        raise DataError(
            f"{path} has {len(vocabulary)} tokens, the model of its run has {size}: restore the original file"
        )
    return vocabulary
