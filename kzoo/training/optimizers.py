"""The optimisers of the reports, with PyTorch's defaults."""

from __future__ import annotations

import keras

from kzoo.recipe import Precision, TrainingSection
from kzoo.training.engines import engine


def create_optimizer(training: TrainingSection, precision: Precision = "float32") -> keras.Optimizer:
    """SGD without momentum, or Adam with betas (.9, .999) and epsilon 1e-8 (Keras's own default is 1e-7).

    In float16 small gradients underflow, so the loss is scaled dynamically there.
    """
    optimizer: keras.Optimizer
    if training.optimizer == "adam":
        optimizer = engine().Adam(training.learning_rate, epsilon=1e-8)
    else:
        optimizer = engine().SGD(training.learning_rate)
    if precision == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer
