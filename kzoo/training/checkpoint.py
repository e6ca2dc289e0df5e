"""Exact checkpoints: everything that the next training step depends on, in one file written atomically.

A checkpoint holds all variables of the model (weights, moving averages, the state of the dropout's random
numbers), all variables of the optimiser, and the progress. The order of the data is a pure function of seed
and epoch and is not saved. A resumed training gives the same bits as an uninterrupted one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from pydantic import TypeAdapter, ValidationError

from kzoo.data.errors import reason
from kzoo.data.images.npz import read_npz
from kzoo.errors import DataError
from kzoo.files import atomic_write
from kzoo.training.progress import Progress

KEPT = 2
"""The number of checkpoints kept: the newest, and the one before it in case the newest is damaged."""


def save_checkpoint(folder: Path, model: keras.Model, optimizer: keras.Optimizer, progress: Progress) -> None:
    """Write the checkpoint of the epoch just completed and delete the oldest one.

    Raises:
        OSError: the file cannot be written, for instance because the disk is full.
    """
    folder.mkdir(exist_ok=True)
    arrays = {
        key: keras.ops.convert_to_numpy(variable) for key, variable in _variables(model, optimizer).items()
    }
    arrays["progress"] = np.frombuffer(json.dumps(progress.to_json()).encode(), np.uint8)
    atomic_write(folder / f"epoch-{progress.epoch:05d}.npz", lambda path: np.savez(path, **arrays))
    for old in _checkpoints(folder)[KEPT:]:
        old.unlink()


def load_checkpoint(
    folder: Path,
    model: keras.Model,
    optimizer: keras.Optimizer,
    tell: Callable[[str], None] = lambda line: None,
) -> Progress:
    """Restore the newest undamaged checkpoint and return its progress, or a new progress if there is none.

    A damaged checkpoint is skipped, and `tell` is called with a line about it.

    Raises:
        DataError: an undamaged checkpoint belongs to another model or optimiser.
    """
    for path in _checkpoints(folder):
        try:
            arrays = read_npz(path)
            progress = _read_progress(arrays.pop("progress"))
        except (DataError, KeyError, ValueError) as error:
            tell(f"{path} is damaged, trying the checkpoint before it: {reason(error)}")
            continue
        _assign(path, arrays, _variables(model, optimizer))
        return progress
    return Progress()


def _read_progress(content: np.ndarray) -> Progress:
    """Parse the progress of a checkpoint. Raises ValueError if it is not the JSON of a progress."""
    fields = json.loads(content.tobytes())
    try:
        TypeAdapter(Progress).validate_python(fields)
    except ValidationError as error:
        raise ValueError(f"its progress is invalid: {error.errors()[0]['msg']}") from error
    return Progress(**fields)  # not the validated object, so that the values stay as they were written


def newest_epoch(folder: Path) -> int:
    """Return the epoch after which the newest checkpoint was written, 0 if there is none."""
    return max((int(path.stem.removeprefix("epoch-")) for path in _checkpoints(folder)), default=0)


def _checkpoints(folder: Path) -> list[Path]:
    """List the checkpoints of a folder, newest first."""
    return sorted(
        (p for p in folder.glob("epoch-*.npz") if re.fullmatch(r"epoch-\d+\.npz", p.name)), reverse=True
    )


def _variables(model: keras.Model, optimizer: keras.Optimizer) -> dict[str, keras.Variable]:
    """Return every variable keyed by its index, since Keras's names differ between processes."""
    parts = {"model": model.variables, "optimizer": optimizer.variables}
    return {
        f"{part}-{i:04d}": variable
        for part, variables in parts.items()
        for i, variable in enumerate(variables)
    }


def _assign(path: Path, arrays: dict[str, np.ndarray], variables: dict[str, keras.Variable]) -> None:
    """Assign the arrays of a checkpoint to the variables. Raises DataError if keys or shapes differ."""
    shapes = {key: tuple(variable.shape) for key, variable in variables.items()}
    if {key: array.shape for key, array in arrays.items()} != shapes:
        raise DataError(f"{path} is a checkpoint of another model than the run's recipe describes")
    for key, variable in variables.items():
        variable.assign(arrays[key])
