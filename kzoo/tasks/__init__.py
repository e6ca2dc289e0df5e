"""The tasks of the zoo, and the experiment and predictor classes of each task."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from kzoo import registry
from kzoo.errors import UsageError
from kzoo.metrics.table import METRICS, Metric

if TYPE_CHECKING:
    from kzoo.recipe import Recipe
    from kzoo.tasks.experiment import Experiment
    from kzoo.tasks.predictor import Predictor
    from kzoo.training.run import Checkpoint, RunFolder

__all__: list[str] = []


@dataclass(frozen=True)
class Task:
    """The description of a task, readable without importing Keras.

    Args:
        experiment: the module and the class of its experiment; the module is named after the data.
        predictor: the module and the class of the predictor, which takes a user's own inputs.
        criterion: the validation metric by which epochs are compared.
        pictures: the pictures that `kzoo plot` draws of its runs, besides curves.
    """

    experiment: tuple[str, str]
    predictor: tuple[str, str]
    criterion: str
    pictures: tuple[str, ...]

    @property
    def writes(self) -> bool:
        """Whether the models of this task are sequence models, whose outputs are decoded."""
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
"""The tasks by name, as model cards give it."""


def task_of(model: str) -> Task:
    """Return the task of a model of the zoo."""
    return TASKS[registry.card(model).task]


def criterion(model: str) -> Metric:
    """Return the validation metric by which the epochs of a model of the zoo are compared."""
    return METRICS[task_of(model).criterion]


def epoch_of(run: RunFolder, checkpoint: Checkpoint) -> int | None:
    """Return the epoch after which a checkpoint of a run was saved, or None if the run has no history."""
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
    """Raise UsageError if `kzoo plot` cannot draw this picture for the task of a run."""
    model = run.recipe().model.name
    if picture not in task_of(model).pictures:
        having = ", ".join(name for name, task in TASKS.items() if picture in task.pictures)
        task = registry.card(model).task
        raise UsageError(f"kzoo plot {picture} is for {having}; {run.path} is a run of {task}")


def check_writes(run: RunFolder, verb: str) -> None:
    """Raise UsageError if the model of a run is not a sequence model; `verb` is the command to name."""
    if not task_of(run.recipe().model.name).writes:
        task = registry.card(run.recipe().model.name).task
        raise UsageError(f"{verb} is for sequence models; {run.path} is a run of {task}")


def experiment_type(model: str) -> type[Experiment]:
    """Return the experiment class that trains a model of the zoo."""
    return _find(task_of(model).experiment)


def kind(model: str) -> str:
    """Return the name of the module of a model's experiment: images, pairs, captions or speech."""
    return task_of(model).experiment[0]


def predictor_type(model: str) -> type[Predictor]:
    """Return the predictor class that applies a model of the zoo to a user's own inputs."""
    return _find(task_of(model).predictor)


def _find(place: tuple[str, str]) -> Any:
    module, name = place
    return getattr(import_module(f"{__name__}.{module}"), name)


def options_of(recipe: Recipe) -> dict[str, Any]:
    """Return all options of a recipe's model, with the defaults of those that it does not set."""
    return registry.check_options(recipe.model.name, recipe.model.options)
