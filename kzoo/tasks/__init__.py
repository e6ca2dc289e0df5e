"""What kinds of experiment there are: one module for the models of each task."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from kzoo import registry
from kzoo.metrics.table import METRICS, Metric

if TYPE_CHECKING:
    from kzoo.experiment import Experiment
    from kzoo.tasks.author import Author


@dataclass(frozen=True)
class Task:
    """What differs between tasks and is known without Keras.

    Args:
        kind: the module of its experiment: images, pairs, captions or speech.
        experiment: the class there.
        author: module and class that take a user's own input.
        criterion: the metric of the validation set by which epochs are compared.
    """

    kind: str
    experiment: str
    author: tuple[str, str]
    criterion: str


TASKS = {
    "image classification": Task("images", "ImageExperiment", ("", ""), "accuracy"),
    "sequence transduction": Task("pairs", "PairExperiment", ("texts", "TextAuthor"), "character_error_rate"),
    "image captioning": Task("captions", "CaptionExperiment", ("photographs", "ImageAuthor"), "bleu_4"),
    "speech recognition": Task(
        "speech", "SpeechExperiment", ("recordings", "AudioAuthor"), "character_error_rate"
    ),
}
"""The tasks by the names that the cards of models have."""


def task_of(model: str) -> Task:
    """The task of a model of the zoo."""
    return TASKS[registry.card(model).task]


def criterion(model: str) -> Metric:
    """The metric of the validation set by which the epochs of a model of the zoo are compared."""
    return METRICS[task_of(model).criterion]


def experiment_type(model: str) -> type[Experiment]:
    """The kind of experiment that a model of the zoo is trained in."""
    task = task_of(model)
    return _find(task.kind, task.experiment)


def kind(model: str) -> str:
    """The kind of experiment by its name, that of its module: images, pairs, captions or speech."""
    return task_of(model).kind


def author_type(model: str) -> type[Author]:
    """What writes with a model of the zoo about a user's own input."""
    return _find(*task_of(model).author)


def _find(module: str, name: str) -> Any:
    return getattr(import_module(f"{__name__}.{module}"), name)
