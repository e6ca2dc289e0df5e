"""The base class of experiments: a recipe with its loaded data and a model that fits them."""

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
from kzoo.tasks import criterion
from kzoo.training.engines import engine
from kzoo.training.examples import Examples
from kzoo.training.feeding import create_feeder
from kzoo.training.frozen import freeze
from kzoo.training.initial import InitialWeights, Labels
from kzoo.training.objective import Objective
from kzoo.training.optimizers import create_optimizer, leave_biases_undecayed, scale_updates
from kzoo.training.order import steps_per_epoch
from kzoo.training.run import RunFolder


@dataclass(frozen=True)
class Evaluation:
    """The metrics of a model on a split, and its hypotheses with their references, ready for JSON.

    A hypothesis has the `index` of its example, its `rank` among the hypotheses of that example, the
    `references`, its `score`, a log-probability, and its `distance` to the nearest reference.
    """

    metrics: dict[str, Any]
    hypotheses: list[dict[str, Any]]


@dataclass(frozen=True)
class Experiment(ABC):
    """A recipe with its loaded data and a model that fits them.

    `reference` is the recipe as it was published, or None if `recipe` is the published one. `fitted` are the
    keys of the recipe that were changed to make the model fit the data. `initial` are the weights of another
    run with which the training begins, if any.
    """

    recipe: Recipe
    data: Any
    reference: Recipe | None = None
    fitted: tuple[str, ...] = ()
    initial: InitialWeights | None = None

    NOUN: ClassVar[str]
    """The word for the examples, in the plural."""

    TRAINING_KEYS: ClassVar[frozenset[str]] = frozenset()
    """The keys of the recipe's training section that apply to this kind of data but not to all kinds."""

    AUGMENTATION_KEYS: ClassVar[frozenset[str]] = frozenset()
    """The keys of the recipe's augmentation section that apply to this kind of data."""

    DATA_KEYS: ClassVar[frozenset[str]]
    """The keys of the recipe's data section that apply to this kind of data, besides `name`."""

    READS: ClassVar[tuple[str, ...]] = ()
    """The keys of `describe` that say how the model's inputs are made; their values stay after training."""

    METRICS: ClassVar[tuple[str, ...]]
    """The main metrics, measured on the validation set after each epoch and on the test set at the end."""

    @classmethod
    @abstractmethod
    def load(
        cls, recipe: Recipe, *, data_dir: Path | None, require_data: bool, stand_in: str | None
    ) -> DataSet[Any]:
        """Load the recipe's data set, or the stand-in of the given name in its place."""

    @classmethod
    @abstractmethod
    def fit_model(cls, recipe: Recipe, data: Any) -> Recipe:
        """Return the recipe with a model that fits the data. Raises UsageError if it cannot fit."""

    def with_files_of(self, run: RunFolder) -> Self:
        """Return the experiment with what `prepare_run` saved in a run, in place of building it anew."""
        return self

    @property
    @abstractmethod
    def labels(self) -> Labels:
        """The tokens or classes of the model, by the option that sets their number."""

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """Return what a run records of its data, besides what is recorded of every data set."""

    @abstractmethod
    def examples(self) -> Callable[[int], Examples]:
        """Return a function from an epoch to its training examples."""

    @abstractmethod
    def objective(self) -> Objective:
        """Return the objective that a training step minimises."""

    @abstractmethod
    def validator(self, model: keras.Model) -> Callable[[], dict[str, float]]:
        """Return a function that measures the model's current weights on the validation set."""

    @abstractmethod
    def prepare_run(self, run: RunFolder) -> None:
        """Save in a run folder what the model needs for use without its data, such as vocabularies."""

    @abstractmethod
    def test_and_report(self, model: keras.Model, run: RunFolder) -> dict[str, Any]:
        """Test the model, draw the run's pictures and return the test metrics, ready for JSON."""

    @abstractmethod
    def evaluate(
        self, models: Sequence[keras.Model], split: str, decoding: Decoding | None = None
    ) -> Evaluation:
        """Measure one or several models on a split; several sequence models are decoded as an ensemble.

        `decoding` is the decoding method of sequence models; None is greedy decoding.
        """

    @property
    def criterion(self) -> Metric:
        """The validation metric by which the best epoch is chosen."""
        return criterion(self.recipe.model.name)

    @property
    def example_count(self) -> int:
        """The number of training examples in an epoch."""
        return len(self.data.train)

    def warning(self, history: Sequence[dict[str, float]]) -> str | None:
        """Return a warning if the history of a training shows that nothing is learned, else None."""
        return None

    def create_model(self) -> keras.Model:
        """Create the model with the initial weights, and freeze the layers that the recipe names.

        The weights come from the recipe's seed, and from another run if there is one.
        """
        model = registry.create_model(
            self.recipe.model.name, seed=self.recipe.training.seed, **self.recipe.model.options
        )
        freeze(model, self.recipe.training.frozen)
        if self.initial is not None:
            self.initial.assign_to(model)
        return model

    def create_optimizer(self, model: keras.Model) -> keras.Optimizer:
        """Create the recipe's optimiser and build its variables for the model."""
        training = self.recipe.training
        steps = training.epochs * steps_per_epoch(self.example_count, training)
        optimizer = create_optimizer(training, self.recipe.runtime.precision, steps)
        if not training.decay_biases:
            leave_biases_undecayed(optimizer, model.trainable_variables)
        if self.initial is not None and training.initialized_rate != 1:
            whole = set(self.initial.record.whole)
            initialized = [weight for weight in model.trainable_variables if weight.path in whole]
            scale_updates(optimizer, initialized, training.initialized_rate)
        optimizer.build(model.trainable_variables)
        return optimizer

    def compile_steps(self, model: keras.Model) -> tuple[Examples, Callable[[np.ndarray], float]]:
        """Return the examples of the first epoch and a function that trains the model on batches of them.

        The function takes the rows of each batch, as `kzoo.training.order.batches` yields them, and returns
        the sum of the batch losses.
        """
        examples = self.examples()(1)
        place = create_feeder(examples, self.recipe.training.batch_size).place
        run = engine().compile_training(model, self.create_optimizer(model), self.objective())
        return examples, lambda rows: run(*place(rows), examples.bucket_lengths(rows))

    @property
    def sizes(self) -> dict[str, int]:
        """The number of examples of each split."""
        return self.data.sizes

    def describe_data(self) -> dict[str, Any]:
        """Describe the data: name, location, split sizes, the fields of `describe` and the hash."""
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
        """The published figures of the recipe, or the reason why a run cannot be compared with any."""
        data = {"sizes": self.sizes, **asdict(self.data.origin)}
        return compare(self.recipe, self.reference or self.recipe, data, self.fitted)
