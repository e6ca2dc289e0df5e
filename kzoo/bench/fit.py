"""Keras's own side of a race: `model.fit` on arrays, with Keras's defaults, on the backend that kzoo has.

A round is a call of `fit`, as an epoch is: what a call costs beside its steps counts the less, the more steps
a round has.
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
    """It times: import; data; then one step and rounds of steps."""
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
    """A function that trains the model on the examples of an order, in whole batches.

    It returns the mean loss of the batches. All sequences are padded to the longest of all examples, and the
    arrays are made in the order that is wanted, for `fit` has no other way to take one.
    """
    import keras
    import numpy as np

    objective, training = experiment.objective(), experiment.recipe.training
    arrays = tuple(map(keras.ops.convert_to_tensor, examples.arrays))
    (bucket_lengths,) = examples.bucket_lengths(np.arange(len(examples))[None]).tolist()

    def loss(targets: Any, outputs: Any) -> Any:
        return objective.loss(keras.ops.cast(targets, "int32"), outputs)  # Keras makes them floats

    model.compile(optimizer=_keras_optimizer(experiment, model), loss=loss)

    def train_on(order: np.ndarray) -> float:
        batches = objective.batch(arrays, order, bucket_lengths)
        inputs, targets = keras.tree.map_structure(keras.ops.convert_to_numpy, batches)
        history = model.fit(inputs, targets, training.batch_size, epochs=1, shuffle=False, verbose=0)
        return history.history["loss"][0]

    return train_on


def _keras_optimizer(experiment: Experiment, model: keras.Model) -> keras.Optimizer:
    """Keras's own optimiser with the settings of kzoo's, which may be faster ones."""
    import keras

    kind = {"sgd": keras.optimizers.SGD, "adam": keras.optimizers.Adam}[experiment.recipe.training.optimizer]
    ours = experiment.create_optimizer(model)
    scaled = getattr(ours, "inner_optimizer", ours)  # in float16 Keras scales the loss by itself
    return kind.from_config(scaled.get_config())
