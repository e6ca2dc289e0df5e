"""Keras's own side of a race: `model.fit` on arrays, with Keras's defaults, on the same backend as kzoo.

A round is one call of `fit`, just as an epoch is one. The more steps a round has, the less the overhead of
the call counts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kzoo import runtime
from kzoo.bench.task import TrainingTask
from kzoo.bench.timed_worker import Stopwatch

if TYPE_CHECKING:
    import keras
    import numpy as np

    from kzoo.tasks.experiment import Experiment
    from kzoo.training.examples import Examples


def train(task: TrainingTask, stopwatch: Stopwatch) -> None:
    """Train with `fit`, timing the import, the data, one step, and each round of steps."""
    recipe = task.recipe
    assert recipe.runtime.backend is not None
    runtime.start(recipe.runtime.backend, precision=recipe.runtime.precision)

    from kzoo.experiment import prepare

    environment = runtime.environment()
    stopwatch.done(
        framework=environment["backend"], **{key: environment[key] for key in ("versions", "device")}
    )

    experiment = prepare(recipe, data_dir=task.data_dir)
    examples = experiment.examples()(1)
    stopwatch.done()

    train_on = compile_fit(experiment, examples, experiment.create_model())
    for order in task.orders(examples):
        train_on(order)
        stopwatch.done()


def compile_fit(
    experiment: Experiment, examples: Examples, model: keras.Model
) -> Callable[[np.ndarray], float]:
    """Return a function that trains the model on the examples of an order, in whole batches.

    That function returns the mean loss of the batches. All sequences are padded to the longest of all
    examples. The arrays are reordered for each call, because `fit` cannot be given an order.
    """
    import keras
    import numpy as np

    objective, training = experiment.objective(), experiment.recipe.training
    arrays = tuple(map(keras.ops.convert_to_tensor, examples.arrays))
    (bucket_lengths,) = examples.bucket_lengths(np.arange(len(examples))[None]).tolist()

    def loss(targets: Any, outputs: Any) -> Any:
        return objective.loss(keras.ops.cast(targets, "int32"), outputs)  # fit converts targets to floats

    model.compile(optimizer=_keras_optimizer(experiment, model), loss=loss)

    def train_on(order: np.ndarray) -> float:
        batches = objective.batch(arrays, order, bucket_lengths)
        inputs, targets = keras.tree.map_structure(keras.ops.convert_to_numpy, batches)
        history = model.fit(inputs, targets, training.batch_size, epochs=1, shuffle=False, verbose=0)
        return history.history["loss"][0]

    return train_on


def _keras_optimizer(experiment: Experiment, model: keras.Model) -> keras.Optimizer:
    """Return Keras's own optimiser with the settings of kzoo's optimiser, which may be a faster class."""
    import keras

    ours = experiment.create_optimizer(model)
    scaled = getattr(ours, "inner_optimizer", ours)  # Keras wraps it in loss scaling itself in float16
    name = experiment.recipe.training.optimizer
    return keras.optimizers.deserialize({"class_name": name, "config": scaled.get_config()})
