"""The optimisers of the reports, with PyTorch's defaults, and their learning rate."""

from __future__ import annotations

from typing import Any

import keras

from kzoo.recipe import Precision, TrainingSection
from kzoo.training.engines import engine


def create_optimizer(
    training: TrainingSection, precision: Precision = "float32", steps: int = 1
) -> keras.Optimizer:
    """SGD without momentum, or Adam with betas (.9, .999) and epsilon 1e-8 (Keras's own default is 1e-7).

    `steps` are those of the whole training, after which a schedule ends. In float16 small gradients
    underflow, so the loss is scaled dynamically there.
    """
    options: dict[str, Any] = {"learning_rate": _learning_rate(training, steps)}
    if training.weight_decay:
        options["weight_decay"] = training.weight_decay
    if training.averaging is not None:
        options |= {"use_ema": True, "ema_momentum": training.averaging}
    optimizer: keras.Optimizer
    if training.optimizer == "adam":
        optimizer = engine().Adam(epsilon=1e-8, **options)
    else:
        optimizer = engine().SGD(**options)
    if precision == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer


def _learning_rate(
    training: TrainingSection, steps: int
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """Constant, or rate (1 + cos(pi t / steps)) / 2 at step t (Loshchilov and Hutter, arXiv 1608.03983)."""
    if training.schedule == "constant":
        return training.learning_rate
    return keras.optimizers.schedules.CosineDecay(training.learning_rate, steps)
