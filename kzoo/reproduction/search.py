"""Search for points of a grid: at random, or by optuna from the scores of earlier points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kzoo.extras import require
from kzoo.reproduction.grid import Axes, Point, Range

Measure = Callable[[Sequence[Point]], Sequence[float | None]]
"""A function that returns the scores of some points: higher is better, None means that the point failed."""


def random_points(axes: Axes, count: int, seed: int) -> list[Point]:
    """Draw up to `count` different points; the same seed draws the same points."""
    rng = np.random.default_rng(seed)
    drawn: dict[str, Point] = {}
    for _ in range(100 * count):
        point = {key: axis.draw(rng) for key, axis in axes.items()}
        drawn.setdefault(repr(point), point)
        if len(drawn) == count:
            break
    return list(drawn.values())


def optuna_points(axes: Axes, count: int, seed: int, size: int, measure: Measure) -> list[Point]:
    """Draw up to `count` different points, `size` at a time, each time from the scores of the earlier ones.

    The same seed and scores draw the same points, so an interrupted search can be continued.

    Raises:
        MissingExtraError: optuna is not installed.
    """
    require("optuna", "search", "--optuna")
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=seed)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    points: dict[str, Point] = {}
    while count > 0:
        trials = [study.ask() for _ in range(min(size, count))]
        drawn = [{key: _suggest(trial, key, axis) for key, axis in axes.items()} for trial in trials]
        points |= {repr(point): point for point in drawn}
        for trial, score in zip(trials, measure(drawn), strict=True):
            failed = optuna.trial.TrialState.FAIL
            study.tell(trial, score, state=failed if score is None else None)
        count -= len(trials)
    return list(points.values())


def _suggest(trial: Any, key: str, axis: Any) -> Any:
    """Have an optuna trial suggest a value of an axis, rounded as `Range.draw` rounds it."""
    if not isinstance(axis, Range):
        return axis.values[trial.suggest_categorical(key, range(len(axis.values)))]
    if axis.is_whole:
        return trial.suggest_int(key, axis.low, axis.high, log=axis.logarithmic)
    return float(f"{trial.suggest_float(key, axis.low, axis.high, log=axis.logarithmic):.4g}")
