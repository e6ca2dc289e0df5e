"""Run folders: their files, and how a run is created and opened."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ValidationError

from kzoo import registry
from kzoo.data.errors import unreadable
from kzoo.errors import DataError, UsageError
from kzoo.files import atomic_write, atomic_write_text, free_path, make_empty
from kzoo.names import nearest
from kzoo.recipe import Recipe, load_recipe
from kzoo.runtime import silent_stderr
from kzoo.shipped import list_weights, locate
from kzoo.training import packed
from kzoo.training.schema import Environment, Metrics
from kzoo.variables import drawn_later

if TYPE_CHECKING:
    import keras

Checkpoint = Literal["best", "last"]


@dataclass(frozen=True)
class RunFolder:
    """The folder of a run.

    It holds `recipe.yaml`, `environment.json`, `history.csv`, `metrics.json`, `best.keras`, `last.keras`,
    `checkpoints/`, pictures, and for sequence models the vocabularies and `predictions.tsv`. Packed weights
    (`kzoo.training.packed`) are the only model of their folder, which has no checkpoints.
    """

    path: Path

    @property
    def checkpoints(self) -> Path:
        """The folder of the exact checkpoints."""
        return self.path / "checkpoints"

    @property
    def finished(self) -> bool:
        """Whether the run was trained to its last epoch and tested."""
        return (self.path / "metrics.json").is_file()

    @property
    def is_packed(self) -> bool:
        """Whether the folder holds packed weights of the tested model in place of Keras's files."""
        return (self.path / packed.FILE).is_file()

    def check_resumable(self) -> None:
        """Raise UsageError if the folder holds packed weights, which no training can continue."""
        if self.is_packed:
            raise UsageError(
                f"{self.path} holds only weights: start a new run from them, --set model.init={self.path}"
            )

    def recipe(self, overrides: dict[str, Any] | None = None) -> Recipe:
        """Load the resolved recipe, with dotted keys overridden. Raises DataError if it is damaged."""
        path = str(self.path / "recipe.yaml")
        try:
            recipe = load_recipe(path)
        except UsageError as error:
            raise DataError(str(error)) from error
        return load_recipe(path, overrides) if overrides else recipe

    def environment(self) -> dict[str, Any]:
        """Load `environment.json`; see `kzoo.training.schema`. Raises DataError if it is damaged."""
        return self._json("environment.json", Environment)

    def metrics(self) -> dict[str, Any]:
        """Load `metrics.json`; see `kzoo.training.schema`.

        Raises:
            UsageError: the run has not finished.
            DataError: the file is damaged.
        """
        return self._json("metrics.json", Metrics)

    @property
    def has_history(self) -> bool:
        """Whether the run has completed an epoch."""
        return (self.path / "history.csv").is_file()

    def history(self) -> dict[str, list[float]]:
        """Load the columns of `history.csv`.

        Raises:
            UsageError: the run has not completed an epoch.
            DataError: the file is damaged.
        """
        rows = list(csv.DictReader(io.StringIO(self._text("history.csv"))))
        try:
            return {column: [float(row[column]) for row in rows] for column in ("epoch", *rows[0])}
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise unreadable(self.path / "history.csv", error) from error

    def load_tested_model(self, checkpoint: Checkpoint | None = None) -> keras.Model:
        """Load a checkpoint, or the one that the recipe says is tested if it is None; see `load_model`."""
        return self.load_model(checkpoint or self.recipe().training.tested_epoch)

    def model_file(self, checkpoint: Checkpoint) -> Path:
        """Return the file of a checkpoint.

        Raises:
            UsageError: the run has not completed an epoch, or has packed weights of the other checkpoint.
        """
        if self.is_packed:
            if checkpoint != (tested := self.recipe().training.tested_epoch):
                raise UsageError(f"{self.path} holds the {tested} model only: leave out the checkpoint")
            return self.path / packed.FILE
        path = self.path / f"{checkpoint}.keras"
        if not path.is_file():
            raise UsageError(
                f"{path} is not there: train at least one epoch, kzoo train --resume {self.path}"
            )
        return path

    def model_sha256(self, checkpoint: Checkpoint) -> str:
        """Return the hash of the file of a checkpoint. Raises as `model_file`."""
        return hashlib.sha256(self.model_file(checkpoint).read_bytes()).hexdigest()

    def load_model(self, checkpoint: Checkpoint) -> keras.Model:
        """Load the best model on the validation set, or the model of the last epoch.

        Raises:
            UsageError: the run has not completed an epoch, or has packed weights of the other checkpoint.
            DataError: the file is damaged or holds another model than the recipe describes.
        """
        import keras

        path = self.model_file(checkpoint)
        if self.is_packed:
            return packed.read_packed(path, self.recipe().model)
        try:
            with silent_stderr(), drawn_later():
                model = keras.saving.load_model(path, compile=False)
        except Exception as error:  # Keras's deserialisers raise exceptions of many types
            raise DataError(f"{path} is damaged: train again, or load the other with --checkpoint") from error
        wanted = self.recipe().model
        if _shapes(model) != _shapes(registry.abstract_model(wanted.name, **wanted.options)):
            raise DataError(f"{path} is not the model of the run's recipe, {wanted.name}")
        return model

    def save_model(self, model: keras.Model, checkpoint: Checkpoint) -> None:
        """Save a model in Keras's own format."""
        with silent_stderr():
            atomic_write(self.path / f"{checkpoint}.keras", model.save)

    def write_recipe(self, recipe: Recipe) -> None:
        """Write the resolved recipe to `recipe.yaml`."""
        atomic_write_text(self.path / "recipe.yaml", recipe.to_yaml())

    def reference(self) -> Recipe:
        """Load the published recipe that the run was started from. Raises DataError if it is damaged."""
        try:
            return Recipe.model_validate(self.environment()["reference"])
        except ValidationError as error:
            raise unreadable(self.path / "environment.json", _first(error)) from error

    @property
    def was_trained(self) -> bool:
        """Whether a checkpoint was surely written: the first one follows the first row of the history."""
        return self.finished or (self.has_history and len(self.history()["epoch"]) > 1)

    def write_json(self, name: str, content: dict[str, Any]) -> None:
        """Write one of the JSON files of the run."""
        atomic_write_text(self.path / name, json.dumps(content, indent=2, ensure_ascii=False) + "\n")

    def write_history(self, rows: list[dict[str, float]]) -> None:
        """Write `history.csv`; the shortest form of a float keeps every bit."""
        buffer = io.StringIO()
        writer = csv.DictWriter(buffer, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        atomic_write_text(self.path / "history.csv", buffer.getvalue())

    def _text(self, name: str) -> str:
        path = self.path / name
        if not path.is_file():
            raise UsageError(f"{path} is not there: finish the run with kzoo train --resume {self.path}")
        try:
            return path.read_text(encoding="utf-8")
        except ValueError as error:
            raise unreadable(path, error) from error

    def _json(self, name: str, schema: type[BaseModel]) -> dict[str, Any]:
        text = self._text(name)
        try:
            schema.model_validate_json(text)
        except ValidationError as error:
            raise unreadable(self.path / name, _first(error)) from error
        return json.loads(text)


def _first(error: ValidationError) -> str:
    """Return the location and the message of the first validation error."""
    first = error.errors()[0]
    return ": ".join(filter(None, (".".join(map(str, first["loc"])), first["msg"])))


def _shapes(model: keras.Model) -> list[tuple[int, ...]]:
    return sorted(tuple(weight.shape) for weight in model.weights)  # those of frozen layers too


def new_run(recipe: Recipe, out: Path | None) -> RunFolder:
    """Create the folder of a new run: `out`, or `runs/<recipe>-<date>-<time>` if it is None.

    Raises:
        UsageError: `out` exists and is not empty; nothing is ever overwritten.
    """
    if out is None:
        out = free_path(Path("runs") / f"{recipe.name}-{datetime.now():%Y%m%d-%H%M%S}")
    make_empty(out, f"continue it with --resume {out}")
    return RunFolder(out)


def open_run(path: Path) -> RunFolder:
    """Open the folder of an existing run, or weights that come with kzoo by their name.

    Raises:
        UsageError: the folder holds no run, and no weights have this name.
    """
    folder = locate(path)
    if not (folder / "recipe.yaml").is_file():
        near = None if path.exists() else nearest(str(path), list_weights())
        hint = "" if near is None else f"; did you mean {near!r}, which comes with kzoo?"
        raise UsageError(f"{path} is not a run folder: it holds no recipe.yaml{hint}")
    return RunFolder(folder)
