"""The optimisers of the reports, with PyTorch's defaults, and the learning rate schedules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import keras

from kzoo.errors import UsageError
from kzoo.names import suggestion
from kzoo.recipe import Precision, TrainingSection
from kzoo.training.engines import engine


def create_optimizer(
    training: TrainingSection, precision: Precision = "float32", steps: int = 1
) -> keras.Optimizer:
    """Create the optimiser of a recipe.

    `steps` is the number of steps of the whole training, after which a schedule ends. Small gradients
    underflow in float16, so `mixed_float16` scales the loss dynamically.

    Raises:
        UsageError: the recipe names an unknown optimiser or schedule.
    """
    rate = _find("schedule", SCHEDULES, training.schedule)(training, steps)
    options: dict[str, Any] = {"learning_rate": rate}
    if training.weight_decay:
        options["weight_decay"] = training.weight_decay
    if training.clip_value is not None:
        options["clipvalue"] = training.clip_value
    if training.averaging is not None:
        options |= {"use_ema": True, "ema_momentum": training.averaging}
    optimizer = _find("optimiser", OPTIMIZERS, training.optimizer)(options)
    if precision == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer


OPTIMIZERS: dict[str, Callable[[dict[str, Any]], keras.Optimizer]] = {
    "sgd": lambda options: engine().SGD(**options),
    "adam": lambda options: engine().Adam(epsilon=1e-8, **options),
}
"""SGD without momentum; Adam with betas (.9, .999) and PyTorch's epsilon (the default of Keras is 1e-7)."""


def _cosine(training: TrainingSection, steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
    """Return cosine decay, rate (1 + cos(pi t / steps)) / 2 at step t.

    Source: Loshchilov and Hutter, arXiv 1608.03983.
    """
    return keras.optimizers.schedules.CosineDecay(training.learning_rate, steps)


SCHEDULES: dict[str, Callable[[TrainingSection, int], Any]] = {
    "constant": lambda training, steps: training.learning_rate,
    "cosine": _cosine,
    "linear": lambda training, steps: EpochwiseLinear(
        training.learning_rate, training.epochs, steps // training.epochs
    ),
}
"""The functions that create a learning rate schedule from a recipe and its number of steps."""

Kind = TypeVar("Kind")


def _find(noun: str, table: Mapping[str, Kind], name: str) -> Kind:
    if name not in table:
        raise UsageError(f"no {noun} is called {name!r}; {suggestion(name, table)}")
    return table[name]


@keras.saving.register_keras_serializable("kzoo")
class EpochwiseLinear(keras.optimizers.schedules.LearningRateSchedule):
    """R004's learning rate schedule: constant within an epoch, rising for two epochs, then falling.

        rate_e = rate (.01 + .99 min(e / 2, (E - 1 - e) / (E - 3), 1)),    e = 0, ..., E - 1

    Args:
        learning_rate: the highest rate.
        epochs: E, the number of epochs.
        steps_per_epoch: the number of steps in an epoch.
    """

    def __init__(self, learning_rate: float, epochs: int, steps_per_epoch: int) -> None:
        self.learning_rate, self.epochs, self.steps_per_epoch = learning_rate, epochs, steps_per_epoch

    def __call__(self, step: Any) -> Any:
        """Return the learning rate at a step, counted from 0."""
        # Integer division: a compiled float division may round down and put a first step one epoch too early.
        epoch = keras.ops.floor_divide(keras.ops.cast(step, "int32"), self.steps_per_epoch)
        epoch = keras.ops.cast(epoch, "float32")
        down = (self.epochs - 1 - epoch) / max(1, self.epochs - 3)
        share = keras.ops.minimum(keras.ops.minimum(epoch / 2, down), 1.0)
        return self.learning_rate * (0.01 + 0.99 * keras.ops.maximum(share, 0.0))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {
            "learning_rate": self.learning_rate,
            "epochs": self.epochs,
            "steps_per_epoch": self.steps_per_epoch,
        }
