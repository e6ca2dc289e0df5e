"""The settings that all runs of a table share, and the command line that starts one of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kzoo.files import atomic_write_text
from kzoo.recipe import Recipe
from kzoo.reproduction.table import Row, Table


@dataclass(frozen=True)
class Conditions:
    """A table, the settings (values by dotted key) of all its recipes, the backend and the data folder."""

    table: Table
    settings: Mapping[str, Any]
    backend: str
    data_dir: Path | None = None

    def recipe(self, row: Row, seed: int | None = None) -> Recipe:
        """Return the resolved recipe of a row under these conditions."""
        seeds = {} if seed is None else {"training.seed": seed}
        return self.table.recipe(row, {**self.settings, "runtime.backend": self.backend, **seeds})

    def write_recipes(self, rows: Iterable[Row], folder: Path) -> None:
        """Write the recipe of each of these rows to a folder, for the command of `train_words`."""
        for row in rows:
            atomic_write_text(_place(row, folder), self.recipe(row).to_yaml())

    def train_words(self, row: Row, folder: Path) -> list[object]:
        """Return the arguments of `kzoo` that train a row whose recipe was written to a folder."""
        return ["train", _place(row, folder), *self.place_words()]

    def place_words(self) -> list[object]:
        """Return the arguments of `kzoo` for the backend and the data folder."""
        return [*("--backend", self.backend), *(("--data-dir", self.data_dir) if self.data_dir else ())]


def _place(row: Row, folder: Path) -> Path:
    """Return the recipe file of a row in a folder."""
    return folder / f"{row.name}.yaml"
