"""What a row would be trained on and with, as a process of its own tells before anything is trained."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kzoo.reproduction.conditions import Conditions
from kzoo.reproduction.process import Crew
from kzoo.reproduction.table import Row


@dataclass(frozen=True)
class Probe:
    """Asks `kzoo train --dry-run` about rows, of those on the same data about the first only.

    `folder` holds the recipes that the conditions have written.
    """

    conditions: Conditions
    folder: Path
    require_data: bool = False
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)

    def identify(self, row: Row) -> str:
        """The hash of all the data of a row, of which its recipe may take a share.

        Raises:
            KzooError: what the process says is wrong with the recipe or the data.
        """
        return self.ask(row)["data"]["sha256"]

    def ask(self, row: Row) -> dict[str, Any]:
        """The resolved recipe of the row, or of one on the same data, and what is said of the data."""
        recipe = self.conditions.recipe(row)
        kind = (recipe.model.name, recipe.model.options.get("input_shape"), recipe.data.model_dump_json())
        if (key := repr(kind)) not in self.answers:
            words = [*self.conditions.train_words(row, self.folder), "--set", "data.fraction=1"]
            required = ["--require-data"] if self.require_data else []
            self.answers[key] = Crew(1).ask("kzoo", *words, *required, "--dry-run", "--json")
        return self.answers[key]
