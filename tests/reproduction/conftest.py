"""Results that were never run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from kzoo.data.catalog import PUBLISHED_SETS
from kzoo.reproduction.result import Result

MADE = Result(
    row="lr0.01-dropout0.5",
    recipe="fashion-cnn",
    seed=42,
    backend="tensorflow",
    device="CPU (2 cores)",
    versions={"kzoo": "0.1.0", "tensorflow": "2.21.0"},
    commit="0123abc",
    data="fashion-mnist",
    stand_in=False,
    sizes=PUBLISHED_SETS["fashion-mnist"].sizes,
    figures={"test_accuracy": 0.9073, "validation_accuracy": 0.91, "train_loss_running": 0.35},
    intervals={"test_accuracy": (0.9, 0.914)},
    seconds=120.5,
)


@pytest.fixture(scope="session")
def made() -> Callable[..., Result]:
    """`made(accuracy, seed=..., ...)` is a result of the first row of R001-2.2."""

    def make(accuracy: float, **changes: Any) -> Result:
        figures = {**MADE.figures, "test_accuracy": accuracy}
        intervals = {"test_accuracy": (accuracy - 0.006, accuracy + 0.006)}
        return replace(MADE, **{"figures": figures, "intervals": intervals, **changes})

    return make
