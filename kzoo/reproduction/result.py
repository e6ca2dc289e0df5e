"""What one run of a row measured, whether it is read from its folder or from the results of record."""

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
    """The figures of a run by their names in the recipes, with what they were made with.

    A figure that is no finite number is left out. `intervals` has for some figures a 95 % interval over test
    examples; `changed` names the keys in which the run's recipe differs from the published one; `run` is its
    folder, None for a result of record.
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
        """What the run was trained on, as `kzoo.comparison` takes it."""
        return {"name": self.data, "stand_in": self.stand_in, "sizes": self.sizes}


def read_result(row: str, published: Recipe, run: RunFolder, evaluation: Path | None = None) -> Result:
    """What a finished run measured.

    Args:
        row: the name of the row.
        published: the recipe of the row.
        run: a run that has finished.
        evaluation: what `kzoo evaluate --json` said of the run, where its sequences are decoded in another
            way than greedily; its figures then are those of the test.
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
    return {
        f"{prefix}{name}": value
        for name, value in measured.items()
        if isinstance(value, float) and math.isfinite(value) and name != "seconds"
    }


def intervals_of_test(test: dict[str, Any]) -> dict[str, Interval]:
    """The 95 % intervals over test examples: bootstrapped for sequences, binomial for an accuracy."""
    if "accuracy" in test:
        return {"accuracy": accuracy_interval(test["accuracy"], test["count"])}
    return test.get("intervals", {})
