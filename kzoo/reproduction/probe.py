"""The dry run of a row in a process of its own: it checks data and model before anything is trained."""

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
"""The answers of `kzoo train --dry-run`, by model, its inputs and its data."""


@dataclass(frozen=True)
class Probe:
    """Asks `kzoo train --dry-run` about rows, once for all rows with the same model, inputs and data."""

    conditions: Conditions
    require_data: bool = False
    answers: Answers = field(default_factory=dict)

    def ask(self, row: Row) -> dict[str, Any]:
        """Return the dry-run answer for a row, or for an earlier row of the same kind, on the whole data set.

        Raises:
            UsageError: the row's runs would not measure a metric that the table publishes for it.
            KzooError: the recipe or the data are wrong.
        """
        recipe = self.conditions.recipe(row)
        model, data = recipe.model, recipe.data.model_dump_json(exclude={"fraction"})
        kind = (model.name, model.init, model.options.get("input_shape"), model.options.get("encoder"), data)
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
