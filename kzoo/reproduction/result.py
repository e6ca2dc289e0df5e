"""The result of one run of a row, read from its run folder or from the results of record."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kzoo.metrics.classification import accuracy_interval
from kzoo.recipe import Recipe, changed_keys
from kzoo.training.run import RunFolder

Interval = tuple[float, float]


@dataclass(frozen=True)
class Result:
    """The metrics of a run by their names in the recipes, and the environment they were measured in.

    Metrics that are not finite are left out. `intervals` has a 95 % interval over test examples for some
    metrics. `changed` has the keys in which the run's recipe differs from the published one. `run` is the
    run folder, None for a result of record.
    """

    row: str
    recipe: str
    seed: int
    backend: str
    device: str
    versions: dict[str, str]
    commit: str | None
    data: str
    stand_in: bool
    sizes: dict[str, int]
    figures: dict[str, float]
    intervals: dict[str, Interval]
    seconds: float
    changed: tuple[str, ...] = ()
    run: Path | None = None

    @property
    def trained_on(self) -> dict[str, Any]:
        """The data that the run was trained on, in the form that `kzoo.comparison.difference` takes."""
        return {"name": self.data, "stand_in": self.stand_in, "sizes": self.sizes}


def read_result(row: str, published: Recipe, run: RunFolder, evaluation: Path | None = None) -> Result:
    """Read the result of a finished run.

    Args:
        row: the name of the row.
        published: the recipe of the row.
        run: a run that has finished.
        evaluation: a file with the output of `kzoo evaluate --json` for a row with its own decoding. Its
            metrics replace the run's own test metrics.
    """
    recipe, environment, metrics = run.recipe(), run.environment(), run.metrics()
    test = metrics["test"] if evaluation is None else json.loads(evaluation.read_text(encoding="utf-8"))
    data, fitted = metrics["data"], environment.get("fitted", ())
    return Result(
        row=row,
        recipe=recipe.model.name,
        seed=recipe.training.seed,
        backend=environment["backend"],
        device=environment["device"],
        versions=environment["versions"],
        commit=environment["commit"],
        data=data["name"],
        stand_in=data["stand_in"],
        sizes=data["sizes"],
        figures={**_numbers(metrics), **_numbers(test, "test_")},
        intervals={f"test_{name}": (low, high) for name, (low, high) in intervals_of_test(test).items()},
        seconds=metrics["seconds"],
        changed=tuple(key for key in changed_keys(recipe, published) if key not in fitted),
        run=run.path,
    )


def _numbers(measured: dict[str, Any], prefix: str = "") -> dict[str, float]:
    """Return the finite metrics of some measurements, without the seconds, their names prefixed."""
    return {
        f"{prefix}{name}": value
        for name, value in measured.items()
        if isinstance(value, float) and math.isfinite(value) and name != "seconds"
    }


def intervals_of_test(test: dict[str, Any]) -> dict[str, Interval]:
    """Return 95 % intervals over test examples: bootstrapped for sequences, binomial for an accuracy."""
    if "accuracy" in test:
        return {"accuracy": accuracy_interval(test["accuracy"], test["count"])}
    return test.get("intervals", {})
