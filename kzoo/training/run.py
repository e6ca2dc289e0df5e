"""A run folder: what is inside, and how it is started and found again."""

from __future__ import annotations

import csv
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
from kzoo.recipe import Recipe, load_recipe
from kzoo.runtime import silent_stderr
from kzoo.training.schema import Environment, Metrics

if TYPE_CHECKING:
    import keras

Checkpoint = Literal["best", "last"]


@dataclass(frozen=True)
class RunFolder:
    """The files of a run, by what they hold.

    `recipe.yaml`, `environment.json`, `history.csv`, `metrics.json`, `best.keras`, `last.keras`,
    `checkpoints/`, pictures, and for pairs the vocabularies and `predictions.tsv`.
    """

    path: Path

    @property
    def checkpoints(self) -> Path:
        """The folder of the exact checkpoints."""
        return self.path / "checkpoints"

    @property
    def finished(self) -> bool:
        """Whether the last epoch was trained and the run evaluated."""
        return (self.path / "metrics.json").is_file()

    def recipe(self, overrides: dict[str, Any] | None = None) -> Recipe:
        """The resolved recipe, with these dotted keys changed. Raises DataError if it is damaged."""
        path = str(self.path / "recipe.yaml")
        try:
            recipe = load_recipe(path)
        except UsageError as error:
            raise DataError(str(error)) from error
        return load_recipe(path, overrides) if overrides else recipe

    def environment(self) -> dict[str, Any]:
        """What the run was made with; see `kzoo.training.schema`. Raises DataError if it is damaged."""
        return self._json("environment.json", Environment)

    def metrics(self) -> dict[str, Any]:
        """What the run measured; see `kzoo.training.schema`.

        Raises:
            UsageError: it has not finished.
            DataError: the file is damaged.
        """
        return self._json("metrics.json", Metrics)

    @property
    def has_history(self) -> bool:
        """Whether an epoch was closed."""
        return (self.path / "history.csv").is_file()

    def history(self) -> dict[str, list[float]]:
        """The columns of the history.

        Raises:
            UsageError: no epoch was closed.
            DataError: the file is damaged.
        """
        rows = list(csv.DictReader(io.StringIO(self._text("history.csv"))))
        try:
            return {column: [float(row[column]) for row in rows] for column in ("epoch", *rows[0])}
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise unreadable(self.path / "history.csv", error) from error

    def load_tested_model(self, checkpoint: Checkpoint | None = None) -> keras.Model:
        """The model asked for, otherwise the one that the recipe says is tested; see `load_model`."""
        return self.load_model(checkpoint or self.recipe().training.tested_epoch)

    def load_model(self, checkpoint: Checkpoint) -> keras.Model:
        """The best model on the validation set, or that of the last epoch.

        Raises:
            UsageError: no epoch was closed.
            DataError: the file is damaged.
        """
        import keras

        path = self.path / f"{checkpoint}.keras"
        if not path.is_file():
            raise UsageError(
                f"{path} is not there: train at least one epoch, kzoo train --resume {self.path}"
            )
        try:
            with silent_stderr():
                model = keras.saving.load_model(path, compile=False)
        except Exception as error:  # Keras's deserialisers raise whatever they stumble over
            raise DataError(f"{path} is damaged: train again, or load the other with --checkpoint") from error
        wanted = self.recipe().model
        if _shapes(model) != _shapes(registry.abstract_model(wanted.name, **wanted.options)):
            raise DataError(f"{path} is another model than the recipe beside it says: {wanted.name}")
        return model

    def save_model(self, model: keras.Model, checkpoint: Checkpoint) -> None:
        """Write a model in Keras's own format."""
        with silent_stderr():
            atomic_write(self.path / f"{checkpoint}.keras", model.save)

    def write_recipe(self, recipe: Recipe) -> None:
        """Keep the resolved recipe."""
        atomic_write_text(self.path / "recipe.yaml", recipe.to_yaml())

    def reference(self) -> Recipe:
        """The recipe as it was published, from which the run was started. Raises DataError if damaged."""
        try:
            return Recipe.model_validate(self.environment()["reference"])
        except ValidationError as error:
            raise unreadable(self.path / "environment.json", _first(error)) from error

    @property
    def was_trained(self) -> bool:
        """Whether a checkpoint was written once: the first comes after the first row of the history."""
        return self.finished or (self.has_history and len(self.history()["epoch"]) > 1)

    def write_json(self, name: str, content: dict[str, Any]) -> None:
        """Write one of the JSON files."""
        atomic_write_text(self.path / name, json.dumps(content, indent=2, ensure_ascii=False) + "\n")

    def write_history(self, rows: list[dict[str, float]]) -> None:
        """Write the history; floats keep every bit in their shortest form."""
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
    """The first thing that is wrong with a document, and where."""
    first = error.errors()[0]
    return ": ".join(filter(None, (".".join(map(str, first["loc"])), first["msg"])))


def _shapes(model: keras.Model) -> list[tuple[int, ...]]:
    return sorted(tuple(weight.shape) for weight in model.trainable_weights)


def new_run(recipe: Recipe, out: Path | None) -> RunFolder:
    """Make the folder of a new run: `out`, or `runs/<recipe>-<date>-<time>`.

    Raises:
        UsageError: `out` is there and not empty; nothing is ever overwritten.
    """
    if out is None:
        out = free_path(Path("runs") / f"{recipe.name}-{datetime.now():%Y%m%d-%H%M%S}")
    make_empty(out, f"continue it with --resume {out}")
    return RunFolder(out)


def open_run(path: Path) -> RunFolder:
    """An existing run.

    Raises:
        UsageError: the folder is not a run.
    """
    if not (path / "recipe.yaml").is_file():
        raise UsageError(f"{path} is not a run folder: it holds no recipe.yaml")
    return RunFolder(path)
