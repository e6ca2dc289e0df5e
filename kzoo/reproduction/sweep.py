"""A sweep: a recipe is trained at points of a grid and ranked by the validation set, never the test set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from kzoo.metrics.table import find_metric
from kzoo.recipe import Figure, Recipe
from kzoo.reproduction.conditions import Conditions
from kzoo.reproduction.engine import Engine
from kzoo.reproduction.grid import Axes, Point, to_table
from kzoo.reproduction.search import optuna_points
from kzoo.reproduction.verdict import Outcome


@dataclass(frozen=True)
class Sweep:
    """A recipe, the axes of its points, and the settings and backend that all points share."""

    engine: Engine
    recipe: str
    axes: Axes
    settings: Mapping[str, Any]
    backend: str
    data_dir: Path | None = None

    @cached_property
    def figure(self) -> str:
        """The metric that ranks the points: a validation metric of the epoch whose model is tested.

        It is the metric by which the epochs of a run are compared.

        Raises:
            KzooError: a key or the data are wrong.
        """
        conditions = self._conditions([{key: axis.first for key, axis in self.axes.items()}], "test_loss")
        (row,) = conditions.table.rows
        return ranking_figure(self.engine.ask(conditions, row)["criterion"], conditions.recipe(row))

    def run(self, points: Sequence[Point]) -> list[Outcome]:
        """Make the runs of these points and return their outcomes in the same order.

        Raises:
            KzooError: a key or the data are wrong.
            KeyboardInterrupt: the user stopped it; the same call continues.
        """
        decides: Any = self.figure.removeprefix("best_")
        conditions = self._conditions(points, decides)
        return self.engine.run(conditions, conditions.table.rows).outcomes(self.engine.root)

    def search(self, count: int, seed: int) -> list[Outcome]:
        """Make the runs of up to `count` points that optuna draws and return their outcomes; see `run`."""
        tried: dict[str, Point] = {}

        def measure(points: Sequence[Point]) -> list[float | None]:
            tried.update({repr(point): point for point in points})
            scores = {
                repr(found.row.overrides): None if found.failure else score(found, self.figure)
                for found in self.run(list(tried.values()))
            }
            return [scores[repr(point)] for point in points]

        optuna_points(self.axes, count, seed, self.engine.size, measure)
        return self.run(list(tried.values()))

    def _conditions(self, points: Sequence[Point], decides: Figure) -> Conditions:
        return Conditions(to_table(self.recipe, points, decides), self.settings, self.backend, self.data_dir)


def ranking_figure(criterion: str, recipe: Recipe) -> str:
    """Return the metric that ranks points: the one by which epochs are compared, of the tested epoch."""
    return f"best_{criterion}" if recipe.training.tested_epoch == "best" else criterion


def score(outcome: Outcome, figure: str) -> float | None:
    """Return the mean of a metric over the seeds, negated if lower is better; None if it was not measured."""
    if figure not in outcome.measured:
        return None
    sign = 1 if find_metric(figure).higher_is_better else -1
    return sign * outcome.measured[figure].mean


def rank(outcomes: Sequence[Outcome], figure: str) -> list[Outcome]:
    """Sort outcomes from best to worst; those with a failed run come next, those without any result last.

    If some runs of a point fail or diverge, the mean of the others says nothing about the point.
    """

    def place(outcome: Outcome) -> tuple[bool, bool, float]:
        found = score(outcome, figure)
        return found is None, bool(outcome.failure), -(found or 0.0)

    return sorted(outcomes, key=place)
