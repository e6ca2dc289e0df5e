"""The training loop, shared by all backends."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import keras

from kzoo.errors import KzooError
from kzoo.metrics.table import Metric
from kzoo.recipe import TrainingSection
from kzoo.training.averaging import averaged
from kzoo.training.engines import engine
from kzoo.training.examples import Examples
from kzoo.training.feeding import Feeder, create_feeder
from kzoo.training.objective import Objective
from kzoo.training.order import batches, epoch_order, steps_per_epoch
from kzoo.training.progress import Progress


class DivergedError(KzooError):
    """The training loss or a validation metric is not finite."""


@dataclass(frozen=True)
class Listener:
    """Callbacks of the training loop.

    `on_steps(epoch, steps done, steps in the epoch)` is called after some steps, `on_epoch(row)` after each
    epoch with its row of the history, and `on_notice(line)` with a message for the user.
    """

    on_steps: Callable[[int, int, int], None]
    on_epoch: Callable[[dict[str, float]], None]
    on_notice: Callable[[str], None] = lambda line: None


def fit(
    model: keras.Model,
    optimizer: keras.Optimizer,
    objective: Objective,
    training: TrainingSection,
    examples: Callable[[int], Examples],
    validate: Callable[[], dict[str, float]],
    criterion: Metric,
    progress: Progress,
    listener: Listener,
) -> None:
    """Train from the epoch after `progress` to the last epoch, validating the averaged model after each.

    `examples(epoch)` returns the examples of an epoch. An array that is the same object in the next epoch
    stays on the device. If the recipe has a patience, the training stops when the validation metric
    `criterion` has not improved for this number of epochs.

    Raises:
        DivergedError: the loss of some steps or a validation metric is not finite.
    """
    run = engine().compile_training(model, optimizer, objective)
    feeder: Feeder | None = None
    while progress.epoch < training.epochs and not progress.ran_out(training.patience, criterion):
        started = time.perf_counter()
        epoch, done, loss_sum = progress.epoch + 1, 0, 0.0
        current = examples(epoch)
        feeder = create_feeder(current, training.batch_size, feeder)
        steps = steps_per_epoch(len(current), training)
        for rows in batches(epoch_order(training, epoch, current), training, feeder.steps):
            loss = run(*feeder.place(rows), current.bucket_lengths(rows))
            if not math.isfinite(loss):
                place = f"in epoch {epoch}, steps {done + 1} to {done + len(rows)}"
                raise DivergedError(_divergence("training loss", place, training.learning_rate))
            loss_sum, done = loss_sum + loss, done + len(rows)
            listener.on_steps(epoch, done, steps)
        with averaged(model, optimizer):
            figures = validate()
        for name, figure in figures.items():
            if not math.isfinite(figure):
                what = f"validation {name.replace('_', ' ')}"
                raise DivergedError(_divergence(what, f"after epoch {epoch}", training.learning_rate))
        listener.on_epoch(progress.record(loss_sum, steps, figures, time.perf_counter() - started))


def _divergence(what: str, where: str, learning_rate: float) -> str:
    """Return the message of a DivergedError, which suggests a tenth of the learning rate."""
    return (
        f"the {what} is not a number {where}: "
        f"lower training.learning_rate (now {learning_rate:g}), for instance --lr {learning_rate / 10:g}"
    )
