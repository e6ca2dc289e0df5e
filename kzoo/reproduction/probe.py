"""What a row would be trained on and with, as a process of its own tells before anything is trained."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kzoo.reproduction.conditions import Conditions
from kzoo.reproduction.process import Crew
from kzoo.reproduction.table import Row

Answers = dict[str, dict[str, Any]]
"""What was said of each set of data."""


@dataclass(frozen=True)
class Probe:
    """Asks `kzoo train --dry-run` about rows, of those on the same data about the first only.

    `folder` holds the recipes that the conditions have written.
    """

    conditions: Conditions
    folder: Path
    require_data: bool = False
    answers: Answers = field(default_factory=dict)

    def ask(self, row: Row) -> dict[str, Any]:
        """What is said of the row, or was said before of one on the same data; all of them, not a share.

        Raises:
            KzooError: what is wrong with the recipe or the data.
        """
        recipe = self.conditions.recipe(row)
        kind = (recipe.model.name, recipe.model.options.get("input_shape"), recipe.data.model_dump_json())
        if (key := repr(kind)) not in self.answers:
            words = [*self.conditions.train_words(row, self.folder), "--set", "data.fraction=1"]
            required = ["--require-data"] if self.require_data else []
            self.answers[key] = Crew(1).ask("kzoo", *words, *required, "--dry-run", "--json")
        return self.answers[key]
