"""kzoo's side of a race: the same work as `kzoo train` and `kzoo evaluate`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kzoo import runtime
from kzoo.bench import handover
from kzoo.bench.task import DecodingTask, TrainingTask
from kzoo.bench.timed_worker import Stopwatch

if TYPE_CHECKING:
    from kzoo.tasks.experiment import Experiment


def train(task: TrainingTask, stopwatch: Stopwatch) -> None:
    """Train; time import, data, handover, then a step and rounds of steps, or epochs and the run's end."""
    recipe = task.recipe
    assert recipe.runtime.backend is not None
    runtime.start(
        recipe.runtime.backend, precision=recipe.runtime.precision, batch_size=recipe.training.batch_size
    )

    from kzoo.experiment import prepare
    from kzoo.registry import check_options
    from kzoo.tasks import kind

    environment = runtime.environment()
    stopwatch.done(
        framework=environment["backend"],
        versions=environment["versions"],
        device=environment["device"],
        commit=environment["commit"],
    )

    experiment = prepare(recipe, data_dir=task.data_dir)
    model = experiment.recipe.model
    stopwatch.done(
        data=experiment.describe_data(),
        noun=experiment.NOUN,
        examples=experiment.example_count,
        kind=kind(model.name),
        options=check_options(model.name, model.options),
    )
    handover.write_training(experiment, task.handover)
    stopwatch.done()
    if task.steps is None:
        _train_run(experiment, stopwatch)
    else:
        _train_steps(experiment, task, stopwatch)


def _train_steps(experiment: Experiment, task: TrainingTask, stopwatch: Stopwatch) -> None:
    """Train rounds of steps, with as many steps in one compiled call as `kzoo train` has."""
    from kzoo.training.feeding import STEPS_PER_CALL
    from kzoo.training.order import batches

    examples, train_on = experiment.compile_steps(experiment.create_model())
    for order in task.orders(examples):
        for rows in batches(order, experiment.recipe.training, STEPS_PER_CALL):
            train_on(rows)
        stopwatch.done()


def _train_run(experiment: Experiment, stopwatch: Stopwatch) -> None:
    """Train a whole run in a temporary folder, timing each epoch and the end of the run."""
    from kzoo.experiment import start, train
    from kzoo.training.loop import Listener
    from kzoo.training.run import new_run

    with tempfile.TemporaryDirectory() as folder:
        run = new_run(experiment.recipe, Path(folder) / "run")
        start(experiment, run)
        train(experiment, run, Listener(lambda *progress: None, lambda row: stopwatch.done()))
        stopwatch.done()


def decode(task: DecodingTask, stopwatch: Stopwatch) -> None:
    """Decode; time the import, the data with the model, and in each round greedy decoding and beam search."""
    runtime.start(task.backend)

    import numpy as np

    from kzoo.decoding.decoder import compile_decoding
    from kzoo.decoding.options import Decoding
    from kzoo.recipe import changed_keys
    from kzoo.registry import check_options
    from kzoo.tasks import kind
    from kzoo.tasks.opening import open_experiment
    from kzoo.training.initial import weights_by_path
    from kzoo.training.run import open_run

    environment = runtime.environment()
    stopwatch.done(
        framework=environment["backend"],
        **{key: environment[key] for key in ("versions", "device", "commit")},
    )

    run = open_run(task.run)
    experiment: Any = open_experiment(run, task.data_dir)
    sources = experiment.sources("test")[: task.batched]
    model, chosen = run.load_tested_model(), experiment.recipe.model
    weights: dict[str, Any] = weights_by_path(model, chosen)
    np.savez(task.handover / "weights.npz", **weights)
    handover.write_split(experiment, task.handover, "test")
    methods = [Decoding(), Decoding("beam", beam=task.beam)]
    batches = sources.batches_per_width() * experiment.recipe.training.epochs  # as in a run's validation
    decoders = [
        compile_decoding([model], experiment.ADAPTER, decoding, experiment.limits, batches)
        for decoding in methods
    ]
    stopwatch.done(
        data=experiment.describe_data(),
        recipe=experiment.recipe.name,
        changed=changed_keys(experiment.recipe, run.reference()),
        model=chosen.name,
        kind=kind(chosen.name),
        options=check_options(chosen.name, chosen.options),
        count=len(sources),
    )
    for _ in range(1 + task.rounds):
        for decode_all in decoders:
            decode_all(sources)
            stopwatch.done()
