"""kzoo's side of a training race: what `kzoo train` does on the backend that the recipe names."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from kzoo import runtime
from kzoo.bench.laps import Laps
from kzoo.bench.task import TrainingTask

if TYPE_CHECKING:
    from kzoo.experiment import Experiment


def train(task: TrainingTask, laps: Laps) -> None:
    """The laps: import; data; then one step and rounds of steps, or epochs and the end of the run."""
    recipe = task.recipe
    assert recipe.runtime.backend is not None
    runtime.start(
        recipe.runtime.backend, precision=recipe.runtime.precision, batch_size=recipe.training.batch_size
    )

    from kzoo.experiment import prepare
    from kzoo.registry import check_options

    environment = runtime.environment()
    laps.done(
        framework=environment["backend"],
        versions=environment["versions"],
        device=environment["device"],
        commit=environment["commit"],
    )

    experiment = prepare(recipe, data_dir=task.data_dir)
    model = experiment.recipe.model
    laps.done(data=experiment.describe_data(), options=check_options(model.name, model.options))
    if task.steps is None:
        _train_run(experiment, laps)
    else:
        _train_steps(experiment, task, laps)


def _train_steps(experiment: Experiment, task: TrainingTask, laps: Laps) -> None:
    import keras

    from kzoo.training.engines import engine
    from kzoo.training.loop import STEPS_PER_CALL
    from kzoo.training.order import batches

    examples = experiment.examples()(1)
    arrays = tuple(map(keras.ops.convert_to_tensor, examples.arrays))
    model = experiment.create_model()
    run = engine().compile_training(model, experiment.create_optimizer(model), experiment.objective())
    for order in task.orders(examples):
        for rows in batches(order, experiment.recipe.training, STEPS_PER_CALL):
            run(arrays, rows, examples.extents(rows))
        laps.done()


def _train_run(experiment: Experiment, laps: Laps) -> None:
    from kzoo.experiment import start, train
    from kzoo.training.loop import Listener
    from kzoo.training.run import new_run

    with tempfile.TemporaryDirectory() as folder:
        run = new_run(experiment.recipe, Path(folder) / "run")
        start(experiment, run)
        train(experiment, run, experiment.recipe, Listener(lambda *progress: None, lambda row: laps.done()))
        laps.done()
