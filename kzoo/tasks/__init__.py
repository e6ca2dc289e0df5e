"""What kinds of experiment there are: one module for the models of each task."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from kzoo import registry
from kzoo.errors import UsageError
from kzoo.metrics.table import METRICS, Metric

if TYPE_CHECKING:
    from kzoo.tasks.experiment import Experiment
    from kzoo.tasks.predictor import Predictor
    from kzoo.training.run import Checkpoint, RunFolder

__all__: list[str] = []


@dataclass(frozen=True)
class Task:
    """What differs between tasks and is known without Keras.

    Args:
        experiment: module and class of its experiment; the module is named by the data.
        predictor: module and class of what takes a user's own input.
        criterion: the metric of the validation set by which epochs are compared.
        pictures: what `kzoo plot` draws of its runs, beside curves.
    """

    experiment: tuple[str, str]
    predictor: tuple[str, str]
    criterion: str
    pictures: tuple[str, ...]

    @property
    def writes(self) -> bool:
        """Whether its models write sequences, which are decoded."""
        return "attention" in self.pictures


TASKS = {
    "image classification": Task(
        ("images", "ImageExperiment"),
        ("image_predictor", "ImagePredictor"),
        "accuracy",
        ("activations", "kernels", "confusion", "mistakes"),
    ),
    "sequence transduction": Task(
        ("pairs", "PairExperiment"),
        ("text_predictor", "TextPredictor"),
        "character_error_rate",
        ("attention",),
    ),
    "image captioning": Task(
        ("captions", "CaptionExperiment"), ("caption_predictor", "CaptionPredictor"), "bleu_4", ("attention",)
    ),
    "speech recognition": Task(
        ("speech", "SpeechExperiment"),
        ("speech_predictor", "SpeechPredictor"),
        "character_error_rate",
        ("attention", "spectrogram"),
    ),
}
"""The tasks by the names that the cards of models have."""


def task_of(model: str) -> Task:
    """The task of a model of the zoo."""
    return TASKS[registry.card(model).task]


def criterion(model: str) -> Metric:
    """The metric of the validation set by which the epochs of a model of the zoo are compared."""
    return METRICS[task_of(model).criterion]


def epoch_of(run: RunFolder, checkpoint: Checkpoint) -> int | None:
    """The epoch after which a model of a run was kept, None where the run has no history."""
    if not run.has_history:
        return None
    history = run.history()
    if checkpoint == "last":
        return int(history["epoch"][-1])
    metric = criterion(run.recipe().model.name)
    sign = -1 if metric.higher_is_better else 1
    values = [sign * value for value in history[f"validation_{metric.name}"]]
    return int(history["epoch"][values.index(min(values))])


def check_picture(run: RunFolder, picture: str) -> None:
    """Raises UsageError if `kzoo plot` draws no such picture of a run's task."""
    model = run.recipe().model.name
    if picture not in task_of(model).pictures:
        having = ", ".join(name for name, task in TASKS.items() if picture in task.pictures)
        task = registry.card(model).task
        raise UsageError(f"kzoo plot {picture} is for {having}; {run.path} is a run of {task}")


def check_writes(run: RunFolder, verb: str) -> None:
    """Raises UsageError if a run's model writes nothing that could be decoded."""
    if not task_of(run.recipe().model.name).writes:
        task = registry.card(run.recipe().model.name).task
        raise UsageError(f"{verb} is for models that write sequences; {run.path} is a run of {task}")


def experiment_type(model: str) -> type[Experiment]:
    """The kind of experiment that a model of the zoo is trained in."""
    return _find(task_of(model).experiment)


def kind(model: str) -> str:
    """The kind of experiment by its name, that of its module: images, pairs, captions or speech."""
    return task_of(model).experiment[0]


def predictor_type(model: str) -> type[Predictor]:
    """What takes a user's own input to a model of the zoo."""
    return _find(task_of(model).predictor)


def _find(place: tuple[str, str]) -> Any:
    module, name = place
    return getattr(import_module(f"{__name__}.{module}"), name)
