"""Experiments on sets in memory, and a run folder of a model that was never trained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kzoo.data.captions.caption_set import CaptionSet, CaptionSplit
from kzoo.data.origin import Origin
from kzoo.data.pairs.pair_set import PairSet, PairSplit
from kzoo.data.row_filter import DroppedRows
from kzoo.data.speech.speech_set import SpeechSet, SpeechSplit
from kzoo.experiment import start
from kzoo.recipe import Recipe, load_recipe
from kzoo.tasks.captions import CaptionExperiment
from kzoo.tasks.pairs import PairExperiment
from kzoo.tasks.sequences import SequenceExperiment
from kzoo.tasks.speech import SpeechExperiment
from kzoo.training.run import RunFolder

Words = tuple[str, str]
WORDS: tuple[list[Words], list[Words], list[Words]] = (
    [("abc", "xyx"), ("ba", "yx"), ("ccab", "zx")],
    [("ab", "xy"), ("cab", "zxy")],
    [("bac", "yxz"), ("b", "y"), ("cb", "zy"), ("abca", "xyzx")],
)
"""Training, validation and test pairs of characters."""


CAPTIONS = (
    [["a red square", "red"], ["a blue square below a red square"], ["blue", "a square", "red square"]],
    [["a square"], ["a green square", "blue square"]],
    [["red"], ["a blue square", "a red square"], ["blue"], ["a red square below"]],
)
"""The captions of each training, validation and test image."""

TEXTS = (["abc", "b, a", "cab."], ["ab", "a cab"], ["bac", "b b", "ca!b", "c"])
"""What is said in each clip."""


def dotted(overrides: dict[str, Any]) -> dict[str, Any]:
    """Keys of a recipe from names of arguments: `training__seed` is `training.seed`."""
    return {key.replace("__", "."): value for key, value in overrides.items()}


def make_recipe(**overrides: Any) -> Recipe:
    """The recipe of `nmt-bilinear` with 8 units and no dropout; `training__seed=1` sets `training.seed`."""
    settings = {"model.units": 8, "model.dropout": 0.0, "data": {"name": "words"}}
    return load_recipe("nmt-bilinear", settings | dotted(overrides))


@pytest.fixture(scope="session")
def word_set() -> Callable[..., PairSet]:
    """`word_set()` holds WORDS; `word_set(name="spa-eng", kinds=("spaces", "characters"))` calls them so."""

    def build(name: str = "words", kinds: Any = ("characters", "characters"), words: Any = WORDS) -> PairSet:
        splits = [PairSplit.of((tuple(source), tuple(target)) for source, target in split) for split in words]
        return PairSet(*splits, kinds, DroppedRows({}, ()), origin=Origin(name, name, stand_in=False))

    return build


@pytest.fixture(scope="session")
def experiment(word_set: Callable[..., PairSet]) -> Callable[..., PairExperiment]:
    """`experiment(model__attention="none")` is on `word_set()`, or on `data`."""

    def build(data: PairSet | None = None, **overrides: Any) -> PairExperiment:
        data = data or word_set()
        return PairExperiment(PairExperiment.fit_model(make_recipe(**overrides), data), data)

    return build


@pytest.fixture(scope="session")
def scenes() -> Callable[..., CaptionSet]:
    """`scenes()` holds images of three sizes with CAPTIONS; `scenes(name="others", captions=...)`."""

    def build(name: str = "scenes", captions: Any = CAPTIONS, **options: Any) -> CaptionSet:
        rng = np.random.default_rng(2)
        splits = [
            CaptionSplit.of(
                (
                    f"{row}.png",
                    rng.integers(0, 256, (10 + 6 * row, 16, 3), np.uint8),
                    tuple(tuple(caption.split()) for caption in several),
                )
                for row, several in enumerate(split)
            )
            for split in captions
        ]
        return CaptionSet(*splits, DroppedRows({}, ()), origin=Origin(name, name, stand_in=False), **options)

    return build


@pytest.fixture(scope="session")
def captioner(scenes: Callable[..., CaptionSet]) -> Callable[..., CaptionExperiment]:
    """`captioner("caption-attention", model__encoder="conv")` is on `scenes()`, or on `data`."""

    def build(name: str = "caption", data: CaptionSet | None = None, **overrides: Any) -> CaptionExperiment:
        data = data or scenes()
        settings = {
            "model.units": 8,
            "model.embedding": 5,
            "model.attention_units": 6,
            "model.dropout": 0.0,
            "model.encoder": "conv",
            "data": {"name": "scenes", "image_size": 16},
        }
        recipe = load_recipe(name, settings | dotted(overrides))
        return CaptionExperiment(CaptionExperiment.fit_model(recipe, data), data)

    return build


@pytest.fixture(scope="session")
def clips() -> Callable[..., SpeechSet]:
    """`clips()` holds noise of different lengths with TEXTS, 8,000 samples a second."""

    def build(name: str = "clips", rate: int = 8_000) -> SpeechSet:
        rng = np.random.default_rng(3)
        splits = [
            SpeechSplit.of(
                (f"{row}", rng.normal(0, 0.1, 500 + 700 * row).astype(np.float32), tuple(text))
                for row, text in enumerate(texts)
            )
            for texts in TEXTS
        ]
        return SpeechSet(*splits, rate, DroppedRows({}, ()), origin=Origin(name, name, stand_in=False))

    return build


@pytest.fixture(scope="session")
def recogniser(clips: Callable[..., SpeechSet]) -> Callable[..., SpeechExperiment]:
    """`recogniser("asr-lstm", model__masked=False)` is on `clips()`, or on `data`."""

    def build(name: str = "asr-lstm", data: SpeechSet | None = None, **overrides: Any) -> SpeechExperiment:
        data = data or clips()
        sizes = {"model.units": 8, "model.blocks": 1, "model.mels": 6, "data": {"name": "clips"}}
        recipe = load_recipe(name, sizes | dotted(overrides))
        return SpeechExperiment(SpeechExperiment.fit_model(recipe, data), data)

    return build


@pytest.fixture
def untrained_run(tmp_path: Path) -> Callable[[SequenceExperiment], RunFolder]:
    """`untrained_run(experiment)` keeps the experiment's first model in a run folder as the last one."""

    def build(experiment: SequenceExperiment) -> RunFolder:
        run = RunFolder(tmp_path / f"run {len(list(tmp_path.iterdir()))}")
        run.path.mkdir()
        start(experiment, run)
        run.save_model(experiment.create_model(), "last")
        return run

    return build
