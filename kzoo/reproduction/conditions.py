"""The settings that all runs of a table share, and the command line that starts one of them."""

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
        """Write the recipe of each of these rows to a folder, for the command of `train_words`.

        The keys which that command sets are left out, because a run on other data must know the data set that
        its recipe was written for. Published figures are left out where a setting affects them.
        """
        for row in rows:
            laid = self._laid_over(row)
            beneath = {key: value for key, value in row.overrides.items() if key not in laid}
            recipe = self.table.recipe(row.model_copy(update={"overrides": beneath}))
            recipe = recipe.model_copy(update={"published": self.recipe(row).published})
            atomic_write_text(_place(row, folder), recipe.to_yaml())

    def train_words(self, row: Row, folder: Path) -> list[object]:
        """Return the arguments of `kzoo` that train a row whose recipe was written to a folder."""
        laid = self._laid_over(row)
        data = laid.pop("data.name", None)
        return [
            *("train", _place(row, folder)),
            *(() if data is None else ("--data", data)),
            *setting_words(laid),
            *self.place_words(),
        ]

    def place_words(self) -> list[object]:
        """Return the arguments of `kzoo` for the backend and the data folder."""
        return [*("--backend", self.backend), *(("--data-dir", self.data_dir) if self.data_dir else ())]

    def _laid_over(self, row: Row) -> dict[str, Any]:
        """Return the settings, with the row's own `data` keys where it or the settings name a data set."""
        of_data = {key: value for key, value in row.overrides.items() if key.startswith("data.")}
        names_data = "data.name" in {**of_data, **self.settings}
        return {**(of_data if names_data else {}), **self.settings}


def _place(row: Row, folder: Path) -> Path:
    """Return the recipe file of a row in a folder."""
    return folder / f"{row.name}.yaml"
