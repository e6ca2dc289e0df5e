"""Files that kzoo hands to the reference in a folder: weights, lengths, and features that kzoo computes.

The reference loads images and pairs itself, as kzoo does, and the time counts in the race. Regions and
spectrograms are computed by kzoo's layers, which a reference does not have. The reference receives them, and
the time to compute them counts for neither side.
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
"""The kinds of experiment whose data are handed over for training; for decoding, pairs are too."""

_LENGTHS = "lengths.npy"


def write_training(experiment: Experiment, folder: Path) -> None:
    """Write the lengths of the training examples, which decide their order, and all splits for `KINDS`."""
    from kzoo.tasks import kind
    from kzoo.tasks.sequences import SequenceExperiment

    np.save(folder / _LENGTHS, experiment.examples()(1).lengths)
    if kind(experiment.recipe.model.name) in KINDS:
        assert isinstance(experiment, SequenceExperiment)
        for split in SPLITS:
            write_split(experiment, folder, split)


def read_examples(folder: Path) -> Examples:
    """Read the lengths of the training examples, which are all that their order depends on."""
    return Examples((), np.load(folder / _LENGTHS))


def write_split(experiment: SequenceExperiment, folder: Path, split: str) -> None:
    """Write the sources, the target ids and, if a source has several targets, the source of each target."""
    target_ids, _, owners = experiment.encode_targets(split)
    arrays = [experiment.sources(split).values, target_ids]
    if experiment.targets(split)[1] is not None:
        arrays.append(owners)
    for index, array in enumerate(arrays):
        np.save(folder / f"{split}-{index}.npy", array)


def read_split(folder: Path, split: str) -> tuple[np.ndarray, ...]:
    """Return the arrays of a split, memory-mapped from their files."""
    return tuple(np.load(path, mmap_mode="c") for path in sorted(folder.glob(f"{split}-*.npy")))
