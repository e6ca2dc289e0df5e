"""An experiment on pairs in memory, and a run folder of a model that was never trained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kzoo.data.origin import Origin
from kzoo.data.pairs import PairSet, PairSplit
from kzoo.data.sieve import DroppedRows
from kzoo.experiment import start
from kzoo.recipe import Recipe, load_recipe
from kzoo.tasks.pairs import PairExperiment
from kzoo.training.run import RunFolder

Words = tuple[str, str]
WORDS: tuple[list[Words], list[Words], list[Words]] = (
    [("abc", "xyx"), ("ba", "yx"), ("ccab", "zx")],
    [("ab", "xy"), ("cab", "zxy")],
    [("bac", "yxz"), ("b", "y"), ("cb", "zy"), ("abca", "xyzx")],
)
"""Training, validation and test pairs of characters."""


def make_recipe(**overrides: Any) -> Recipe:
    """The recipe of `nmt-bilinear` with 8 units and no dropout; `training__seed=1` sets `training.seed`."""
    settings = {"model.units": 8, "model.dropout": 0.0, "data": {"name": "words"}}
    return load_recipe("nmt-bilinear", settings | {key.replace("__", "."): v for key, v in overrides.items()})


@pytest.fixture(scope="session")
def word_set() -> Callable[..., PairSet]:
    """`word_set()` holds WORDS; `word_set(name="spa-eng", kinds=("spaces", "characters"))` calls them so."""

    def build(name: str = "words", kinds: Any = ("characters", "characters"), words: Any = WORDS) -> PairSet:
        splits = [PairSplit.of((tuple(source), tuple(target)) for source, target in split) for split in words]
        return PairSet(*splits, kinds, Origin(name, name, stand_in=False), DroppedRows({}, ()))

    return build


@pytest.fixture(scope="session")
def experiment(word_set: Callable[..., PairSet]) -> Callable[..., PairExperiment]:
    """`experiment(model__attention="none")` is on `word_set()`, or on `data`."""

    def build(data: PairSet | None = None, **overrides: Any) -> PairExperiment:
        data = data or word_set()
        return PairExperiment(PairExperiment.fit_model(make_recipe(**overrides), data, own_data=True), data)

    return build


@pytest.fixture
def untrained_run(tmp_path: Path) -> Callable[[PairExperiment], RunFolder]:
    """`untrained_run(experiment)` keeps the experiment's first model in a run folder as the last one."""

    def build(experiment: PairExperiment) -> RunFolder:
        run = RunFolder(tmp_path / f"run {len(list(tmp_path.iterdir()))}")
        run.path.mkdir()
        start(experiment, run)
        run.save_model(experiment.create_model(), "last")
        return run

    return build
