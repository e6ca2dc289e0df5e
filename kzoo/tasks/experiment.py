"""What an experiment is: a recipe whose data are loaded and whose model fits them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import keras
import numpy as np

from kzoo import registry
from kzoo.comparison import compare
from kzoo.data.data_set import DataSet
from kzoo.decoding.options import Decoding
from kzoo.metrics.table import Metric
from kzoo.recipe import Recipe
from kzoo.tasks import criterion, epoch_of
from kzoo.training.engines import engine
from kzoo.training.examples import Examples
from kzoo.training.objective import Objective
from kzoo.training.optimizers import create_optimizer
from kzoo.training.order import steps_per_epoch
from kzoo.training.run import Checkpoint, RunFolder


@dataclass(frozen=True)
class Evaluation:
    """What a split says of a model: its metrics, and each hypothesis with what is true, ready for JSON.

    A hypothesis has the `index` of its example, its `rank` among those of the same example, the
    `references`, its `score`, a log-probability, and its `distance` to the nearest reference.
    """

    metrics: dict[str, Any]
    hypotheses: list[dict[str, Any]]


@dataclass(frozen=True)
class Experiment(ABC):
    """A recipe whose data are loaded and whose model fits them.

    `reference` is the recipe as it was published, None where this is it. `fitted` are the keys of the recipe
    that were changed to make the model fit the data.
    """

    recipe: Recipe
    data: Any
    reference: Recipe | None = None
    fitted: tuple[str, ...] = ()

    NOUN: ClassVar[str]
    """What the examples are, in the plural."""

    TRAINING_KEYS: ClassVar[frozenset[str]] = frozenset()
    """The keys of the training section that not all kinds of data have, and this one has."""

    DATA_KEYS: ClassVar[frozenset[str]]
    """The keys of the recipe's data section that this kind of data has, beside the name."""

    READS: ClassVar[tuple[str, ...]] = ()
    """What of `describe` says how the model's inputs are made: for the same model it must stay."""

    METRICS: ClassVar[tuple[str, ...]]
    """The metrics of note: of the validation set after each epoch, and of the test."""

    @classmethod
    @abstractmethod
    def load(
        cls, recipe: Recipe, *, data_dir: Path | None, require_data: bool, stand_in: str | None
    ) -> DataSet[Any]:
        """The recipe's data set, or the stand-in of this name in its place."""

    @classmethod
    @abstractmethod
    def fit_model(cls, recipe: Recipe, data: Any) -> Recipe:
        """The recipe with a model that fits the data. Raises UsageError if it cannot."""

    def with_files_of(self, run: RunFolder) -> Self:
        """The experiment with what `prepare_run` wrote to a run, in place of what it would make itself."""
        return self

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
    def test_and_report(self, model: keras.Model, run: RunFolder) -> dict[str, Any]:
        """Test the model and draw the run's pictures; the metrics of the test, ready for JSON."""

    @abstractmethod
    def evaluate(
        self, runs: Sequence[RunFolder], checkpoint: Checkpoint | None, split: str, decoding: Decoding | None
    ) -> Evaluation:
        """Measure the models of one or several runs, decoded together, on a split.

        Args:
            runs: the run of the experiment, and others.
            checkpoint: which model of each; None takes the one that its recipe says is tested.
            split: which examples.
            decoding: how sequences are written, greedily if None.

        Raises:
            UsageError: the runs do not go together, or their task has no decoding.
        """

    @property
    def criterion(self) -> Metric:
        """What the best epoch is the best by: a metric of the validation set."""
        return criterion(self.recipe.model.name)

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
        return examples, lambda rows: run(arrays, rows, examples.bucket_lengths(rows))

    @property
    def sizes(self) -> dict[str, int]:
        """How many examples each split has."""
        return self.data.sizes

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

    @property
    def comparison(self) -> dict[str, Any]:
        """The published figures of the recipe, or why a run has none to stand beside."""
        data = {"sizes": self.sizes, **asdict(self.data.origin)}
        return compare(self.recipe, self.reference or self.recipe, data, self.fitted)


def tested(runs: Sequence[RunFolder], checkpoint: Checkpoint | None) -> dict[str, Any]:
    """Which model of runs is measured, and after which epochs it was kept, ready for JSON."""
    chosen = [checkpoint or run.recipe().training.tested_epoch for run in runs]
    return {
        "checkpoint": chosen[0] if len(set(chosen)) == 1 else "tested",
        "epochs": [epoch_of(run, name) for run, name in zip(runs, chosen, strict=True)],
    }
