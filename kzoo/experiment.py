"""One experiment from its recipe to its run folder: data, model, training, evaluation.

What differs between images and sequences is the sub-class of `Experiment` that `kzoo.tasks` has for each.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

import keras
import numpy as np

from kzoo import registry, runtime
from kzoo.comparison import compare
from kzoo.data.origin import Origin
from kzoo.data.splits import sizes_line, take_share
from kzoo.errors import DataError, UsageError
from kzoo.files import remove_partial_files
from kzoo.recipe import DataSection, Recipe, TrainingSection
from kzoo.reporting.parameters import trainable_count
from kzoo.tasks import experiment_type
from kzoo.training.averaging import averaged
from kzoo.training.checkpoint import load_checkpoint, newest_epoch, save_checkpoint
from kzoo.training.engines import engine
from kzoo.training.examples import Examples
from kzoo.training.loop import Listener, fit
from kzoo.training.objective import Objective
from kzoo.training.optimizers import create_optimizer
from kzoo.training.order import steps_per_epoch
from kzoo.training.progress import Criterion, Progress
from kzoo.training.run import RunFolder


class DataSet(Protocol):
    """Three splits by name and where they came from."""

    @property
    def origin(self) -> Origin: ...

    @property
    def splits(self) -> dict[str, Any]: ...

    def sha256(self) -> str: ...


@dataclass(frozen=True)
class Experiment(ABC):
    """A recipe whose data are loaded and whose model fits them."""

    recipe: Recipe
    data: Any

    NOUN: ClassVar[str]
    """What the examples are, in the plural."""

    TRAINING_KEYS: ClassVar[frozenset[str]] = frozenset()
    """The keys of the training section that not all kinds of data have, and this one has."""

    DATA_KEYS: ClassVar[frozenset[str]]
    """The keys of the recipe's data section that this kind of data has, beside the name."""

    READS: ClassVar[tuple[str, ...]] = ()
    """What of `describe` says how the model's inputs are made: for the same model it must stay."""

    CRITERION: ClassVar[Criterion]
    """What the best epoch is the best by."""

    FIGURES: ClassVar[tuple[str, ...]]
    """The figures of note: of the validation set after each epoch, and of the test."""

    @classmethod
    @abstractmethod
    def load(cls, recipe: Recipe, name: str, *, data_dir: Path | None, require_data: bool) -> DataSet:
        """The data set of this name as the recipe would have it."""

    @classmethod
    @abstractmethod
    def fit_model(cls, recipe: Recipe, data: Any, *, own_data: bool) -> Recipe:
        """The recipe with a model that fits the data. Raises UsageError if it cannot."""

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """What a run must remember of its data, beside what every set has."""

    @abstractmethod
    def examples(self) -> Callable[[int], Examples]:
        """The training examples by epoch."""

    @abstractmethod
    def objective(self) -> Objective:
        """What a training step minimises."""

    @abstractmethod
    def validator(self, model: keras.Model) -> Callable[[], dict[str, float]]:
        """A function that measures the model, as it is when it is called, on the validation set."""

    @abstractmethod
    def prepare_run(self, run: RunFolder) -> None:
        """Write what the model needs to be used without its data."""

    @abstractmethod
    def conclude(self, model: keras.Model, run: RunFolder) -> dict[str, Any]:
        """Test the model and draw the run's pictures; the figures of the test, ready for JSON."""

    @property
    def example_count(self) -> int:
        """How many examples an epoch has."""
        return len(self.data.train)

    def create_model(self) -> keras.Model:
        """The model with the initial weights of the recipe's seed."""
        return registry.create_model(
            self.recipe.model.name, seed=self.recipe.training.seed, **self.recipe.model.options
        )

    def create_optimizer(self, model: keras.Model) -> keras.Optimizer:
        """The recipe's optimiser, its slots built."""
        training = self.recipe.training
        steps = training.epochs * steps_per_epoch(self.example_count, training)
        optimizer = create_optimizer(training, self.recipe.runtime.precision, steps)
        optimizer.build(model.trainable_variables)
        return optimizer

    def compile_steps(self, model: keras.Model) -> tuple[Examples, Callable[[np.ndarray], float]]:
        """The examples of the first epoch, and a function that trains the model on batches of them.

        It takes the rows of each batch, as `kzoo.training.order.batches` gives them, and returns the sum of
        their losses.
        """
        examples = self.examples()(1)
        arrays = tuple(map(keras.ops.convert_to_tensor, examples.arrays))
        run = engine().compile_training(model, self.create_optimizer(model), self.objective())
        return examples, lambda rows: run(arrays, rows, examples.extents(rows))

    @property
    def sizes(self) -> dict[str, int]:
        """How many examples each split has."""
        return {name: len(split) for name, split in self.data.splits.items()}

    def describe_data(self) -> dict[str, Any]:
        """Where the data are from, how many there are, what they are, and the hash of all of them."""
        return {
            "name": self.data.origin.name,
            "location": self.data.origin.location,
            "stand_in": self.data.origin.stand_in,
            "sizes": self.sizes,
            **self.describe(),
            "sha256": self.data.sha256(),
        }


def prepare(
    recipe: Recipe, *, data_dir: Path | None = None, require_data: bool = False, own_data: bool = False
) -> Experiment:
    """Load a recipe's data and make the model fit it.

    `own_data` says that the set is not the one the recipe was written for.

    Raises:
        UsageError: the model cannot be built so, or does not fit the data.
        DataError: the set is damaged, or required and not found.
    """
    registry.check_options(recipe.model.name, recipe.model.options)
    kind = experiment_type(recipe.model.name)
    _check_keys(kind, recipe)
    data = _load(kind, recipe, recipe.data.name, data_dir, require_data)
    experiment = kind(kind.fit_model(recipe, data, own_data=own_data), data)
    if steps_per_epoch(experiment.example_count, recipe.training) == 0:
        raise UsageError(
            f"training.drop_last leaves none of {experiment.example_count} examples: lower --batch-size"
        )
    registry.outline_model(recipe.model.name, **experiment.recipe.model.options)
    return experiment


def open_experiment(run: RunFolder, data_dir: Path | None = None) -> Experiment:
    """The experiment of a run, with the data that it was trained on.

    Raises:
        DataError: what is found now is not what the run was trained on.
    """
    recipe, before = run.recipe(), run.environment()["data"]
    kind = experiment_type(recipe.model.name)
    place = Path(before["location"])
    found_before = None if before["stand_in"] or not place.exists() else place
    name = before["name"] if before["stand_in"] else recipe.data.name
    data = _load(kind, recipe, name, data_dir or found_before, require_data=False)
    if data.sha256() != before["sha256"]:
        raise DataError(
            f"{data.origin.location} is not the {name} that {run.path} was trained on ({place}): "
            "name the folder that holds it with --data-dir"
        )
    experiment = kind(recipe, data)
    _check_reading(experiment, run)
    return experiment


def start(experiment: Experiment, run: RunFolder, reference: Recipe) -> None:
    """Write down what a new run is made from, before anything is trained.

    `reference` is the recipe as it was published; its figures count only where nothing was changed.
    """
    published = reference.model_dump(mode="json")
    environment = {**runtime.environment(), "data": experiment.describe_data(), "reference": published}
    run.write_json("environment.json", environment)
    experiment.prepare_run(run)
    run.write_recipe(experiment.recipe)


def resume(experiment: Experiment, run: RunFolder) -> None:
    """See that a run goes on under the conditions it was started in, and write down where it goes on.

    Raises:
        DataError: the data are not those of the run.
        UsageError: the backend is not that of the run, its last epoch is done, or its schedule would change.
    """
    before, training = run.environment(), experiment.recipe.training
    if run.finished and run.metrics()["epochs"] >= training.epochs:
        raise UsageError(
            f"{run.path} is finished after {run.metrics()['epochs']} epochs: --epochs N goes on to N"
        )
    if (done := newest_epoch(run.checkpoints)) > training.epochs:
        raise UsageError(f"{run.path} has {done} epochs already: give --epochs a larger number")
    planned = run.recipe().training.epochs
    if training.schedule != "constant" and training.epochs != planned:
        raise UsageError(
            f"the schedule of {run.path} ends at epoch {planned}: train anew to go on for longer"
        )
    if before["data"]["sha256"] != experiment.data.sha256():
        raise DataError(f"{experiment.data.origin.location} is not the data that {run.path} was trained on")
    _check_reading(experiment, run)
    if before["backend"] != keras.backend.backend():
        raise UsageError(
            f"{run.path} was trained on {before['backend']}: resume it with --backend {before['backend']}"
        )
    remove_partial_files(run.path)
    run.write_json(
        "environment.json", {**before, "resumed": [*before.get("resumed", []), runtime.environment()]}
    )
    run.write_recipe(experiment.recipe)


def train(experiment: Experiment, run: RunFolder, listener: Listener) -> dict[str, Any]:
    """Train a run to its last epoch, from its newest checkpoint if it has one, and test it.

    Returns:
        the metrics, as written to `metrics.json`.

    Raises:
        DivergedError: a loss is not finite.
        DataError: the run was trained before, and no checkpoint of it can be read.
    """
    model = experiment.create_model()
    optimizer = experiment.create_optimizer(model)
    progress = load_checkpoint(run.checkpoints, model, optimizer)
    training = experiment.recipe.training
    if progress.epoch == 0 and run.was_trained:
        raise DataError(f"{run.checkpoints} holds no whole checkpoint to go on from: train anew")

    def keep(row: dict[str, float]) -> None:
        # The checkpoint comes last: whatever is lost before it is made again by the epoch that follows it.
        with averaged(model, optimizer):
            if progress.best(experiment.CRITERION)["epoch"] == progress.epoch:
                run.save_model(model, "best")
            run.save_model(model, "last")
        run.write_history(progress.history)
        save_checkpoint(run.checkpoints, model, optimizer, progress)
        listener.on_epoch(row)

    fit(
        model,
        optimizer,
        experiment.objective(),
        training,
        experiment.examples(),
        experiment.validator(model),
        progress,
        Listener(listener.on_steps, keep),
    )
    with averaged(model, optimizer):
        tested = model if training.tested_epoch == "last" else run.load_model("best")
        test = experiment.conclude(tested, run)
    metrics = {
        "recipe": experiment.recipe.name,
        "parameters": trainable_count(model),
        "data": experiment.describe_data(),
        **_summary(experiment, progress),
        **{f"test_{name}": test[name] for name in ("loss", *experiment.FIGURES)},
        "test": test,
        "comparison": compare(experiment, run.reference()),
    }
    run.write_json("metrics.json", metrics)
    return metrics


def _summary(experiment: Experiment, progress: Progress) -> dict[str, Any]:
    """The figures of the last epoch, and which was the best."""
    best, figure = progress.best(experiment.CRITERION), f"validation_{experiment.CRITERION.figure}"
    return {
        **{key: value for key, value in progress.history[-1].items() if key != "epoch"},
        "epochs": progress.epoch,
        "seconds": round(progress.seconds, 1),
        "tested_epoch": best["epoch"]
        if experiment.recipe.training.tested_epoch == "best"
        else progress.epoch,
        "best_epoch": best["epoch"],
        f"best_{figure}": best[figure],
    }


def data_line(experiment: Experiment) -> str:
    """One line that says what is trained on, and plainly so if it is a stand-in."""
    data, noun, wanted = experiment.data, experiment.NOUN, experiment.recipe.data.name
    counts = sizes_line(experiment.sizes)
    if data.origin.stand_in and wanted != data.origin.name:
        return (
            f"STAND-IN DATA: no {wanted} found; {data.origin.name}, {data.origin.location}, "
            f"stand in for it ({counts} {noun}); compare no figure with a published one"
        )
    return f"data {data.origin.name}, {data.origin.location} ({counts} {noun})"


def outline(experiment: Experiment) -> dict[str, Any]:
    """What training would do: the resolved recipe, the data, what epochs are compared by, and the cost.

    `reads` is what the model's inputs are made from and how, `figures` what will be measured.
    """
    training, options = experiment.recipe.training, experiment.recipe.model.options
    model = registry.outline_model(experiment.recipe.model.name, **options)
    steps, data = steps_per_epoch(experiment.example_count, training), experiment.describe_data()
    return {
        "recipe": experiment.recipe.model_dump(mode="json"),
        "data": data,
        "reads": {key: data[key] for key in ("sha256", *experiment.READS)},
        "criterion": f"validation_{experiment.CRITERION.figure}",
        "figures": [
            "train_loss_running",
            *(
                f"{split}_{name}"
                for split in ("validation", "test")
                for name in ("loss", *experiment.FIGURES)
            ),
        ],
        "cost": {
            "trainable parameters": trainable_count(model),
            "steps an epoch": steps,
            "steps": steps * training.epochs,
        },
    }


def _load(
    kind: type[Experiment], recipe: Recipe, name: str, data_dir: Path | None, require_data: bool
) -> Any:
    """The set of this name, its training split cut to the recipe's share, in the order of the file."""
    data: Any = kind.load(recipe, name, data_dir=data_dir, require_data=require_data)
    return take_share(data, recipe.data.fraction, recipe.training.seed)


def _check_reading(experiment: Experiment, run: RunFolder) -> None:
    """Raises DataError if the inputs of a run's model are no longer made as they were."""
    before, now = run.environment()["data"], experiment.describe()
    for key in experiment.READS:
        if before.get(key) != now[key]:
            raise DataError(f"{run.path} was trained with another {key} than there is now: train anew")


def _check_keys(kind: type[Experiment], recipe: Recipe) -> None:
    """Raises UsageError if a key is set that has no effect on this kind of data."""
    of_data = {f"data.{key}" for key in _changed(recipe.data) - kind.DATA_KEYS - {"name", "fraction"}}
    of_training = {f"training.{key}" for key in _changed(recipe.training) & _SPECIAL - kind.TRAINING_KEYS}
    if strange := sorted(of_data | of_training):
        raise UsageError(f"{strange[0]} is not for {kind.NOUN}, which {recipe.model.name} is trained on")


_SPECIAL = frozenset({"augmentation", "batch_by_length"})
"""The keys of the training section that not all kinds of data have."""


def _changed(section: DataSection | TrainingSection) -> set[str]:
    return {
        key for key, field in type(section).model_fields.items() if getattr(section, key) != field.default
    }
