"""The training loop, one for all backends."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import keras

from kzoo.data.images import Split
from kzoo.errors import KzooError
from kzoo.metrics.classification import accuracy, negative_log_likelihood
from kzoo.recipe import TrainingSection
from kzoo.training.engines import engine
from kzoo.training.inference import compile_predict
from kzoo.training.objective import IMAGE_CLASSIFICATION
from kzoo.training.order import batches, epoch_order, steps_per_epoch
from kzoo.training.progress import Progress

STEPS_PER_CALL = 128
"""Steps between two reports of progress: enough that calls cost nothing, few enough that it moves."""


class DivergedError(KzooError):
    """The loss is no longer a number."""


@dataclass(frozen=True)
class Listener:
    """Called after some steps, with `(epoch, steps done, steps in the epoch)`, and after each epoch."""

    on_steps: Callable[[int, int, int], None]
    on_epoch: Callable[[dict[str, float]], None]


def fit(
    model: keras.Model,
    optimizer: keras.Optimizer,
    training: TrainingSection,
    train: Split,
    validation: Split,
    progress: Progress,
    listener: Listener,
) -> None:
    """Train from where `progress` stands to the last epoch, validating after each.

    Raises:
        DivergedError: the loss of a run of steps is not finite.
    """
    run = engine().compile_training(model, optimizer, IMAGE_CLASSIFICATION, (train.images, train.labels))
    predict = compile_predict(model)
    steps = steps_per_epoch(len(train), training)
    while progress.epoch < training.epochs:
        started = time.perf_counter()
        epoch, done, loss_sum = progress.epoch + 1, 0, 0.0
        for rows in batches(epoch_order(training.seed, epoch, len(train)), training, STEPS_PER_CALL):
            loss = run(rows)
            if not math.isfinite(loss):
                raise DivergedError(_divergence(epoch, done, done + len(rows), training.learning_rate))
            loss_sum, done = loss_sum + loss, done + len(rows)
            listener.on_steps(epoch, done, steps)
        log_probabilities = predict(validation.images)
        figures = {
            "loss": negative_log_likelihood(validation.labels, log_probabilities),
            "accuracy": accuracy(validation.labels, log_probabilities.argmax(axis=-1)),
        }
        listener.on_epoch(progress.record(loss_sum, steps, figures, time.perf_counter() - started))


def _divergence(epoch: int, first: int, last: int, learning_rate: float) -> str:
    return (
        f"the training loss is not a number in epoch {epoch}, steps {first + 1} to {last}: "
        f"lower training.learning_rate (now {learning_rate:g}), for instance --lr {learning_rate / 10:g}"
    )
