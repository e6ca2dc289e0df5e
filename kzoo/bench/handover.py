"""What kzoo hands to the reference in a folder: weights, lengths, and data that it made itself.

Images and pairs the reference loads as kzoo does, and that is part of the race. Regions and spectrograms are
made by kzoo's layers, which a reference does not have: it gets them as they are, and to make them counts for
nobody.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kzoo.data.splits import SPLITS
from kzoo.training.examples import Examples

if TYPE_CHECKING:
    from kzoo.tasks.experiment import Experiment
    from kzoo.tasks.sequences import SequenceExperiment

KINDS = ("captions", "speech")
"""The kinds of experiment whose data are handed over for training; for decoding those of pairs are too."""

_LENGTHS = "lengths.npy"


def write_training(experiment: Experiment, folder: Path) -> None:
    """The lengths of the training examples, on which their order depends, and all splits if it must be."""
    from kzoo.tasks import kind
    from kzoo.tasks.sequences import SequenceExperiment

    np.save(folder / _LENGTHS, experiment.examples()(1).lengths)
    if kind(experiment.recipe.model.name) in KINDS:
        assert isinstance(experiment, SequenceExperiment)
        for split in SPLITS:
            write_split(experiment, folder, split)


def read_examples(folder: Path) -> Examples:
    """The training examples as far as their order depends on them."""
    return Examples((), np.load(folder / _LENGTHS))


def write_split(experiment: SequenceExperiment, folder: Path, split: str) -> None:
    """Sources, target ids and, where several are about a source, the source of each."""
    target_ids, _, owners = experiment.encode_targets(split)
    arrays = [experiment.sources(split).values, target_ids]
    if experiment.targets(split)[1] is not None:
        arrays.append(owners)
    for index, array in enumerate(arrays):
        np.save(folder / f"{split}-{index}.npy", array)


def read_split(folder: Path, split: str) -> tuple[np.ndarray, ...]:
    """The arrays of a split, which are read from their files where they are used."""
    return tuple(np.load(path, mmap_mode="c") for path in sorted(folder.glob(f"{split}-*.npy")))
