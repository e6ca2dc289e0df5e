"""What a row would be trained on and with, as a process of its own tells before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kzoo.errors import UsageError
from kzoo.reproduction.conditions import Conditions
from kzoo.reproduction.process import ProcessPool
from kzoo.reproduction.table import Row

Answers = dict[str, dict[str, Any]]
"""What was said of each set of data and way of reading it."""


@dataclass(frozen=True)
class Probe:
    """Asks `kzoo train --dry-run` about rows, of those that read the same about the first only."""

    conditions: Conditions
    require_data: bool = False
    answers: Answers = field(default_factory=dict)

    def ask(self, row: Row) -> dict[str, Any]:
        """What is said of the row, or was said before of one on the same data; all of them, not a share.

        Raises:
            UsageError: its runs would not measure what the table has of it.
            KzooError: what is wrong with the recipe or the data.
        """
        recipe = self.conditions.recipe(row)
        options, data = recipe.model.options, recipe.data.model_dump_json(exclude={"fraction"})
        kind = (recipe.model.name, options.get("input_shape"), options.get("encoder"), data)
        if (key := repr(kind)) not in self.answers:
            self.answers[key] = self._ask(row)
        self._check_figures(row, self.answers[key]["figures"])
        return self.answers[key]

    def _ask(self, row: Row) -> dict[str, Any]:
        required = ["--require-data"] if self.require_data else []
        with TemporaryDirectory() as folder:
            self.conditions.write_recipes([row], Path(folder))
            words = [*self.conditions.train_words(row, Path(folder)), "--set", "data.fraction=1"]
            return ProcessPool(1).ask("kzoo", *words, *required, "--dry-run", "--json")

    def _check_figures(self, row: Row, measured: Sequence[str]) -> None:
        table, samples = self.conditions.table, row.decoding.get("samples")
        known = [*measured, *([f"test_word_error_rate_at_{samples}"] if samples else [])]
        for figure in (table.decides, *row.published):
            if figure not in known:
                raise UsageError(
                    f"{table.name}, row {row.name}: runs of {row.recipe} measure no {figure}, only "
                    f"{', '.join(known)}"
                )
