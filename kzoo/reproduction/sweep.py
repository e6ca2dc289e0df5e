"""A recipe at some points of its keys, ranked by the validation set; the test set has no say in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from kzoo.recipe import Figure
from kzoo.reproduction.conditions import Conditions
from kzoo.reproduction.engine import Engine
from kzoo.reproduction.grid import Axes, Point, to_table
from kzoo.reproduction.search import optuna_points
from kzoo.reproduction.verdict import Outcome, higher_is_better


@dataclass(frozen=True)
class Sweep:
    """Points of a recipe on some axes, under the same settings, on the same backend."""

    engine: Engine
    recipe: str
    axes: Axes
    settings: Mapping[str, Any]
    backend: str
    data_dir: Path | None = None

    @cached_property
    def figure(self) -> str:
        """What ranks the points: the figure of the validation set by which epochs are compared.

        That of the epoch whose model is tested.

        Raises:
            KzooError: a key or the data are wrong.
        """
        conditions = self._conditions([{key: axis.first for key, axis in self.axes.items()}], "test_loss")
        (row,) = conditions.table.rows
        criterion = self.engine.ask(conditions, row)["criterion"]
        is_best = conditions.recipe(row).training.tested_epoch == "best"
        return f"best_{criterion}" if is_best else criterion

    def run(self, points: Sequence[Point]) -> list[Outcome]:
        """Make the runs of these points: what became of each, in their order.

        Raises:
            KzooError: a key or the data are wrong.
            KeyboardInterrupt: the same call goes on.
        """
        decides: Any = self.figure.removeprefix("best_")
        conditions = self._conditions(points, decides)
        return self.engine.run(conditions, conditions.table.rows).outcomes(self.engine.root)

    def search(self, count: int, seed: int) -> list[Outcome]:
        """Make the runs of `count` points that optuna draws; see `run`."""
        tried: dict[str, Point] = {}

        def measure(points: Sequence[Point]) -> list[float | None]:
            tried.update({repr(point): point for point in points})
            scores = {
                repr(found.row.overrides): self.score(found) for found in self.run(list(tried.values()))
            }
            return [scores[repr(point)] for point in points]

        optuna_points(self.axes, count, seed, self.engine.size, measure)
        return self.run(list(tried.values()))

    def score(self, outcome: Outcome) -> float | None:
        """The mean over the seeds, higher being better; None where nothing was measured."""
        if self.figure not in outcome.measured:
            return None
        sign = 1 if higher_is_better(self.figure) else -1
        return sign * outcome.measured[self.figure].mean

    def rank(self, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """The outcomes from the best to the worst, at the end those that failed."""
        scores = [self.score(outcome) for outcome in outcomes]
        places = sorted(range(len(scores)), key=lambda i: (scores[i] is None, -(scores[i] or 0.0)))
        return [outcomes[place] for place in places]

    def _conditions(self, points: Sequence[Point], decides: Figure) -> Conditions:
        return Conditions(to_table(self.recipe, points, decides), self.settings, self.backend, self.data_dir)
