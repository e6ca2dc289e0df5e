"""What the runs of a table have in common beside their recipes, and the words that start one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kzoo.files import atomic_write_text
from kzoo.recipe import Recipe, setting_words
from kzoo.reproduction.table import Row, Table


@dataclass(frozen=True)
class Conditions:
    """A table, the dotted keys that are changed in all its recipes, the backend, and where data are found."""

    table: Table
    settings: Mapping[str, Any]
    backend: str
    data_dir: Path | None = None

    def recipe(self, row: Row, seed: int | None = None) -> Recipe:
        """The recipe of a row under these conditions, all resolved."""
        seeds = {} if seed is None else {"training.seed": seed}
        return self.table.recipe(row, {**self.settings, "runtime.backend": self.backend, **seeds})

    def write_recipes(self, rows: Iterable[Row], folder: Path) -> None:
        """Write the recipe of each of these rows, as `train_words` wants it.

        What is laid over it is not in it, for what is trained on other data must know what it was written
        for; nor are published figures, if a setting bears on them.
        """
        for row in rows:
            laid = self._laid_over(row)
            beneath = {key: value for key, value in row.overrides.items() if key not in laid}
            recipe = self.table.recipe(row.model_copy(update={"overrides": beneath}))
            recipe = recipe.model_copy(update={"published": self.recipe(row).published})
            atomic_write_text(_place(row, folder), recipe.to_yaml())

    def train_words(self, row: Row, folder: Path) -> list[object]:
        """The words after `kzoo` that train a row whose recipe was written to a folder."""
        laid = self._laid_over(row)
        data = laid.pop("data.name", None)
        return [
            *("train", _place(row, folder)),
            *(() if data is None else ("--data", data)),
            *setting_words(laid),
            *self.place_words(),
        ]

    def place_words(self) -> list[object]:
        """Those that say where data are found and what is computed on."""
        return [*("--backend", self.backend), *(("--data-dir", self.data_dir) if self.data_dir else ())]

    def _laid_over(self, row: Row) -> dict[str, Any]:
        """The settings; where they or the row name another set, with the row's own keys of it."""
        of_data = {key: value for key, value in row.overrides.items() if key.startswith("data.")}
        names_data = "data.name" in {**of_data, **self.settings}
        return {**(of_data if names_data else {}), **self.settings}


def _place(row: Row, folder: Path) -> Path:
    return folder / f"{row.name}.yaml"
