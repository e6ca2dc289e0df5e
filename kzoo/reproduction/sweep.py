"""A recipe at some points of its keys, ranked by the validation set; the test set has no say in it."""

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
        return ranking_figure(self.engine.ask(conditions, row)["criterion"], conditions.recipe(row))

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
                repr(found.row.overrides): None if found.failure else score(found, self.figure)
                for found in self.run(list(tried.values()))
            }
            return [scores[repr(point)] for point in points]

        optuna_points(self.axes, count, seed, self.engine.size, measure)
        return self.run(list(tried.values()))

    def _conditions(self, points: Sequence[Point], decides: Figure) -> Conditions:
        return Conditions(to_table(self.recipe, points, decides), self.settings, self.backend, self.data_dir)


def ranking_figure(criterion: str, recipe: Recipe) -> str:
    """What points are ranked by: the figure by which epochs are compared, of the epoch that is tested."""
    return f"best_{criterion}" if recipe.training.tested_epoch == "best" else criterion


def score(outcome: Outcome, figure: str) -> float | None:
    """The mean over the seeds, higher being better; None where nothing was measured."""
    if figure not in outcome.measured:
        return None
    sign = 1 if find_metric(figure).higher_is_better else -1
    return sign * outcome.measured[figure].mean


def rank(outcomes: Sequence[Outcome], figure: str) -> list[Outcome]:
    """The outcomes from the best to the worst; after them those of which a run failed, and those without any.

    The mean of the runs that were left over says nothing for a point at which others diverge.
    """

    def place(outcome: Outcome) -> tuple[bool, bool, float]:
        found = score(outcome, figure)
        return found is None, bool(outcome.failure), -(found or 0.0)

    return sorted(outcomes, key=place)
