"""The vocabularies of a run: its own files, which alone say what the numbers of its model mean."""

from __future__ import annotations

from collections.abc import Sequence

from kzoo import registry
from kzoo.data.vocabulary import Vocabulary
from kzoo.errors import DataError, UsageError
from kzoo.training.run import RunFolder

SOURCE_VOCABULARY, TARGET_VOCABULARY = "source-vocabulary.json", "target-vocabulary.json"
"""The vocabularies of what is read and of what is written, in a run folder."""

_OPTIONS = {SOURCE_VOCABULARY: ("source_vocabulary",), TARGET_VOCABULARY: ("target_vocabulary", "vocabulary")}
"""The option of a model that has the size of a vocabulary, whatever its family calls it."""


def load_vocabulary(runs: Sequence[RunFolder], name: str = TARGET_VOCABULARY) -> Vocabulary:
    """A vocabulary of runs that are to be decoded together.

    Raises:
        UsageError: they differ.
        DataError: a file is missing, damaged, or does not fit the model beside it.
    """
    vocabularies = [_load(run, name) for run in runs]
    for run, vocabulary in zip(runs, vocabularies, strict=True):
        if vocabulary != vocabularies[0]:
            raise UsageError(
                f"{run.path} and {runs[0].path} have different vocabularies: decode runs on the same data"
            )
    return vocabularies[0]


def _load(run: RunFolder, name: str) -> Vocabulary:
    """A model may have room for more sources than there are; each number that it writes must be a token."""
    path, model = run.path / name, run.recipe().model
    options = registry.check_options(model.name, model.options)
    size = next(options[option] for option in _OPTIONS[name] if option in options)
    vocabulary = Vocabulary.load(path)
    if len(vocabulary) > size or (len(vocabulary) < size and name == TARGET_VOCABULARY):
        raise DataError(
            f"{path} has {len(vocabulary)} tokens, the model beside it {size}: it is not this run's"
        )
    return vocabulary
