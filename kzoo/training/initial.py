"""Initial weights from another run: which of them fit a model, and their copy in the new run's folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kzoo.data.images.npz import read_npz
from kzoo.data.vocabulary import SPECIALS, Vocabulary
from kzoo.files import atomic_write
from kzoo.recipe import ModelSection
from kzoo.registry import abstract_model, check_options
from kzoo.symbols import UNK
from kzoo.training.run import RunFolder
from kzoo.training.schema import InitialRecord

if TYPE_CHECKING:
    import keras

FILE = "initial.npz"
"""The file in a run folder that holds the weights of the other run."""

Labels = Mapping[str, Vocabulary | tuple[str, ...]]
"""The tokens or classes of a model, by the option that sets their number."""

Shapes = Mapping[str, tuple[int, ...]]
"""Shapes of weights by their paths in a newly built model."""

Arrays = Mapping[str, np.ndarray]
"""Weights by their paths in a newly built model."""


@dataclass(frozen=True)
class InitialWeights:
    """The weights with which a training begins, from another run, and the record of what fits.

    Elements of `arrays` that are NaN, such as the rows of new tokens, stay as the seed draws them.
    """

    record: InitialRecord
    arrays: Arrays

    def assign_to(self, model: keras.Model) -> None:
        """Assign the weights to a newly built model."""
        import keras

        for weight in model.weights:
            if (values := self.arrays.get(weight.path)) is not None:
                drawn = keras.ops.convert_to_numpy(weight)
                weight.assign(np.where(np.isnan(values), drawn, values))

    def save(self, run: RunFolder) -> None:
        """Write the weights to the folder of the new run, which then needs the other run no more."""
        atomic_write(run.path / FILE, lambda path: np.savez(path, **dict[str, Any](self.arrays)))

    @classmethod
    def open(cls, run: RunFolder) -> InitialWeights | None:
        """Open the weights that a run began with, or return None if it drew all of them.

        Raises:
            DataError: the file of the weights is missing or damaged.
        """
        record = run.environment().get("initial")
        if record is None:
            return None
        return cls(InitialRecord.model_validate(record), read_npz(run.path / FILE))

    def lines(self) -> list[str]:
        """Say how many weights come from the run, and list the others with the reasons."""
        return [
            self.record.summary,
            *(f"in part: {path}, {share}" for path, share in self.record.partly.items()),
            *(f"drawn anew: {path}, {reason}" for path, reason in self.record.drawn.items()),
        ]


def weights_by_path(model: keras.Model, section: ModelSection) -> dict[str, np.ndarray]:
    """Return the weights of a loaded model by the paths that Keras gives them in a newly built model.

    The paths of a loaded model lack the outer layer of a nested layer.
    """
    import keras

    paths = [weight.path for weight in abstract_model(section.name, **section.options).weights]
    return dict(zip(paths, map(keras.ops.convert_to_numpy, model.weights), strict=True))


@dataclass(frozen=True)
class Fit:
    """The weights of another model that fit, and the paths of those that fit in part or not, with remarks."""

    arrays: dict[str, np.ndarray]
    partly: dict[str, str]
    drawn: dict[str, str]


def fit_weights(found: Arrays, theirs: Labels, section: ModelSection, ours: Labels) -> Fit:
    """Choose the weights of another model that fit a model: those of the same path and shape.

    A layer fits as a whole: a bias is of no use with another kernel. An axis whose places stand for tokens or
    classes fits if these are the same. If only some tokens are the same, their rows are taken.

    Args:
        found: the weights of the other model.
        theirs: the tokens or classes of the other model.
        section: the model.
        ours: the tokens or classes of the model.
    """
    fit, shapes = Fit({}, {}, {}), _shapes(section)
    axes = _labelled_axes(section, shapes, ours)
    for path, shape in shapes.items():
        array, (option, axis) = found.get(path), axes.get(path, ("", 0))
        old, new = theirs.get(option), ours.get(option)
        if array is None:
            fit.drawn[path] = "the run has none"
        elif array.shape == shape and old == new:
            fit.arrays[path] = array
        elif (
            isinstance(old, Vocabulary)
            and isinstance(new, Vocabulary)
            and _without(axis, array.shape) == _without(axis, shape)
        ):
            rows = _shared_rows(old, new)
            fit.arrays[path] = _take_rows(array, shape, axis, rows)
            fit.partly[path] = f"{len(rows)} of {shape[axis]} tokens"
        elif array.shape == shape:
            fit.drawn[path] = "the run has other classes"
        else:
            fit.drawn[path] = f"of shape {shape}, the run's {array.shape}"
    layers = {_layer(path) for path in fit.drawn}
    for path in [path for path in fit.arrays if _layer(path) in layers]:
        fit.drawn[path] = "its layer does not fit"
        fit.partly.pop(path, None)
        del fit.arrays[path]
    return fit


def _layer(path: str) -> str:
    return path.rpartition("/")[0]


def _shapes(section: ModelSection, **options: int) -> Shapes:
    model = abstract_model(section.name, **section.options | options)
    return {weight.path: tuple(weight.shape) for weight in model.weights}


def _labelled_axes(section: ModelSection, shapes: Shapes, labels: Labels) -> dict[str, tuple[str, int]]:
    """Return the option and the axis of each weight that has a place for each token or class.

    It is the axis that grows with the option. `shapes` are those of the model's weights.
    """
    sizes = check_options(section.name, section.options)
    return {
        path: (option, next(axis for axis, size in enumerate(shape) if size != shapes[path][axis]))
        for option in labels
        for path, shape in _shapes(section, **{option: sizes[option] + 1}).items()
        if shape != shapes[path]
    }


def _without(axis: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[:axis] + shape[axis + 1 :]


def _shared_rows(old: Vocabulary, new: Vocabulary) -> list[tuple[int, int]]:
    """Return the rows of the same token in the old and in the new vocabulary."""
    special = [(row, row) for row in range(len(SPECIALS))]
    others = enumerate(old.encode(new.tokens), start=len(SPECIALS))
    return special + [(before, row) for row, before in others if before != UNK]


def _take_rows(
    array: np.ndarray, shape: tuple[int, ...], axis: int, rows: list[tuple[int, int]]
) -> np.ndarray:
    """Return an array of a shape with some rows of another along an axis, and NaN elsewhere."""
    taken = np.full(shape, np.nan, array.dtype)
    before, after = map(list, zip(*rows, strict=True))
    np.moveaxis(taken, axis, 0)[after] = np.moveaxis(array, axis, 0)[before]
    return taken
