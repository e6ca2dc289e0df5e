"""A run folder: what is inside, and how it is started and found again."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from zipfile import BadZipFile

from kzoo.data.faults import unreadable
from kzoo.errors import DataError, UsageError
from kzoo.files import atomic_write, atomic_write_text, free_path, make_empty
from kzoo.recipe import Recipe, load_recipe
from kzoo.runtime import silent_stderr

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
        """The resolved recipe of the run."""
        return load_recipe(str(self.path / "recipe.yaml"), overrides)

    def environment(self) -> dict[str, Any]:
        """What the run was made with."""
        return self._json("environment.json")

    def metrics(self) -> dict[str, Any]:
        """What the run measured. Raises UsageError if it has not finished."""
        return self._json("metrics.json")

    def history(self) -> dict[str, list[float]]:
        """The columns of the history. Raises UsageError if no epoch was closed."""
        rows = list(csv.DictReader(io.StringIO(self._text("history.csv"))))
        return {column: [float(row[column]) for row in rows] for column in rows[0]}

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
                return keras.saving.load_model(path, compile=False)
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise DataError(f"{path} is damaged: train again, or load the other with --checkpoint") from error

    def save_model(self, model: keras.Model, checkpoint: Checkpoint) -> None:
        """Write a model in Keras's own format."""
        with silent_stderr():
            atomic_write(self.path / f"{checkpoint}.keras", model.save)

    def write_recipe(self, recipe: Recipe) -> None:
        """Keep the resolved recipe."""
        atomic_write_text(self.path / "recipe.yaml", recipe.to_yaml())

    def reference(self) -> Recipe:
        """The recipe as it was published, from which the run was started."""
        return Recipe.model_validate(self.environment()["reference"])

    @property
    def was_trained(self) -> bool:
        """Whether a checkpoint was written once: the first comes after the first row of the history."""
        history = self.path / "history.csv"
        return self.finished or (history.is_file() and len(self.history()["epoch"]) > 1)

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
        return path.read_text(encoding="utf-8")

    def _json(self, name: str) -> dict[str, Any]:
        try:
            return json.loads(self._text(name))
        except ValueError as error:
            raise unreadable(self.path / name, error) from error


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
