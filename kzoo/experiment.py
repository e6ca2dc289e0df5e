"""The life cycle of an experiment: prepare, start, train and resume it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras

from kzoo import registry, runtime
from kzoo.errors import DataError, UsageError
from kzoo.files import remove_partial_files
from kzoo.parameters import trainable_count
from kzoo.recipe import AugmentationSection, DataSection, Recipe, TrainingSection, changed_keys
from kzoo.shipped import absolute
from kzoo.tasks import experiment_type
from kzoo.tasks.experiment import Experiment
from kzoo.tasks.initial import with_initial_weights
from kzoo.tasks.opening import load_data
from kzoo.training.averaging import averaged
from kzoo.training.checkpoint import load_checkpoint, newest_epoch, save_checkpoint
from kzoo.training.frozen import freeze
from kzoo.training.guessing import STUCK_EPOCHS
from kzoo.training.initial import InitialWeights
from kzoo.training.loop import Listener, fit
from kzoo.training.order import steps_per_epoch
from kzoo.training.progress import Progress
from kzoo.training.run import RunFolder


def prepare(
    recipe: Recipe,
    *,
    reference: Recipe | None = None,
    data_dir: Path | None = None,
    require_data: bool = False,
) -> Experiment:
    """Load a recipe's data and make its model fit them.

    `reference` is the recipe as it was published, before a user changed it; None if nothing was changed. The
    published figures are removed from a recipe whose runs cannot be compared with them.

    Raises:
        UsageError: the model cannot be built with its options, or does not fit the data.
        DataError: the data set is damaged, or required and not found.
    """
    registry.check_options(recipe.model.name, recipe.model.options)
    kind = experiment_type(recipe.model.name)
    _check_keys(kind, recipe)
    if recipe.model.init is not None:
        recipe = recipe.with_values("model", init=absolute(recipe.model.init))
    data = load_data(kind, recipe, data_dir, require_data)
    fitting = kind.fit_model(recipe, data)
    experiment = kind(fitting, data, reference or recipe, tuple(changed_keys(fitting, recipe)))
    if steps_per_epoch(experiment.example_count, recipe.training) == 0:
        raise UsageError(
            f"training.drop_last leaves none of {experiment.example_count} examples: lower --batch-size"
        )
    _check_accumulation(experiment)
    _abstract_model(fitting)
    if experiment.comparison["published"] is None:
        fitting = fitting.model_copy(update={"published": None})
    return with_initial_weights(replace(experiment, recipe=fitting))


def _abstract_model(recipe: Recipe) -> keras.Model:
    """Build the model of a recipe without values, with its frozen layers, for its number of parameters.

    Raises:
        UsageError: the model cannot be built, or its layers cannot be frozen as the recipe says.
    """
    model = registry.abstract_model(recipe.model.name, **recipe.model.options)
    freeze(model, recipe.training.frozen)
    return model


def _check_accumulation(experiment: Experiment) -> None:
    """Raise UsageError if the whole training has too few batches for one update of the weights."""
    training = experiment.recipe.training
    batches = training.epochs * steps_per_epoch(experiment.example_count, training)
    if training.accumulation > batches:
        raise UsageError(
            f"training.accumulation is {training.accumulation}, but the training has only {batches} batches: "
            "lower it"
        )


def start(experiment: Experiment, run: RunFolder) -> None:
    """Write what a new run needs before it is trained; the recipe, which makes a folder a run, comes last.

    Those are the environment, the vocabularies and the weights of another run, if any.
    """
    reference, initial = experiment.reference or experiment.recipe, experiment.initial
    environment = {
        **runtime.environment(),
        "data": experiment.describe_data(),
        "reference": reference.model_dump(mode="json"),
        "fitted": list(experiment.fitted),
        "initial": None if initial is None else initial.record.model_dump(),
    }
    if initial is not None:
        initial.save(run)
    run.write_json("environment.json", environment)
    experiment.prepare_run(run)
    run.write_recipe(experiment.recipe)


def resume(experiment: Experiment, run: RunFolder) -> None:
    """Check that a run can be resumed under its original conditions, and record the new environment.

    Raises:
        DataError: a file of the run is damaged.
        UsageError: the run has stopped or its last epoch is trained already, the backend differs, or the
            schedule would change.
    """
    before, training = run.environment(), experiment.recipe.training
    if run.finished:
        _check_unfinished(run, training.epochs)
    if (done := newest_epoch(run.checkpoints)) > training.epochs:
        raise UsageError(f"{run.path} has trained epoch {done} already: give --epochs a larger number")
    planned = run.recipe().training.epochs
    if (training.schedule != "constant" or training.warmup) and training.epochs != planned:
        raise UsageError(
            f"the schedule of {run.path} ends at epoch {planned}: start a new run to train for longer"
        )
    if before["backend"] != keras.backend.backend():
        raise UsageError(
            f"{run.path} was trained on {before['backend']}: resume it with --backend {before['backend']}"
        )
    remove_partial_files(run.path)
    run.write_json(
        "environment.json", {**before, "resumed": [*before.get("resumed", []), runtime.environment()]}
    )
    run.write_recipe(experiment.recipe)


def _check_unfinished(run: RunFolder, epochs: int) -> None:
    """Raise UsageError if a tested run has stopped early or has no epoch left of `epochs`."""
    metrics = run.metrics()
    if reason := metrics.get("stopped"):
        raise UsageError(
            f"{run.path} is finished: it was stopped after epoch {metrics['epochs']}, as {reason}; start a "
            "new run with a larger training.patience to train for longer"
        )
    if metrics["epochs"] >= epochs:
        raise UsageError(
            f"{run.path} is finished at epoch {metrics['epochs']}: --epochs N trains it on to epoch N"
        )


def train(experiment: Experiment, run: RunFolder, listener: Listener) -> dict[str, Any]:
    """Train a run until it ends, from its newest checkpoint if it has one, and test it.

    Returns:
        The metrics, as written to `metrics.json`.

    Raises:
        DivergedError: a loss or a validation metric is not finite.
        DataError: the run was trained before, but none of its checkpoints can be read.
    """
    experiment = replace(experiment, initial=InitialWeights.open(run))
    model = experiment.create_model()
    optimizer = experiment.create_optimizer(model)
    progress = load_checkpoint(run.checkpoints, model, optimizer, listener.on_notice)
    training = experiment.recipe.training
    if progress.epoch == 0 and run.was_trained:
        raise DataError(f"{run.checkpoints} holds no undamaged checkpoint to resume from: start a new run")

    def warn() -> None:
        if warning := experiment.warning(progress.history):
            listener.on_notice(warning)

    def keep(row: dict[str, float]) -> None:
        # The checkpoint is written last: if the process ends before that, resuming repeats this epoch.
        with averaged(model, optimizer):
            if progress.best(experiment.criterion)["epoch"] == progress.epoch:
                run.save_model(model, "best")
            run.save_model(model, "last")
        run.write_history(progress.history)
        save_checkpoint(run.checkpoints, model, optimizer, progress)
        listener.on_epoch(row)
        if progress.epoch == STUCK_EPOCHS:
            warn()

    fit(
        model,
        optimizer,
        experiment.objective(),
        training,
        experiment.examples(),
        experiment.validator(model),
        experiment.criterion,
        progress,
        Listener(listener.on_steps, keep),
    )
    if progress.epoch != STUCK_EPOCHS:
        warn()
    with averaged(model, optimizer):
        tested = model if training.tested_epoch == "last" else run.load_model("best")
        test = experiment.test_and_report(tested, run)
    metrics = {
        "recipe": experiment.recipe.name,
        "parameters": trainable_count(model),
        "data": experiment.describe_data(),
        **_summary(experiment, progress),
        **{f"test_{name}": test[name] for name in ("loss", *experiment.METRICS)},
        "test": test,
        "comparison": experiment.comparison,
    }
    run.write_json("metrics.json", metrics)
    return metrics


def _summary(experiment: Experiment, progress: Progress) -> dict[str, Any]:
    """Summarise the history: the metrics of the last epoch, the best epoch and the tested epoch."""
    training = experiment.recipe.training
    best, figure = progress.best(experiment.criterion), f"validation_{experiment.criterion.name}"
    reason = f"no epoch after epoch {best['epoch']} improved {figure}"
    return {
        **{key: value for key, value in progress.history[-1].items() if key != "epoch"},
        "epochs": progress.epoch,
        "stopped": reason if progress.epoch < training.epochs else None,
        "seconds": round(progress.seconds, 1),
        "tested_epoch": best["epoch"] if training.tested_epoch == "best" else progress.epoch,
        "best_epoch": best["epoch"],
        f"best_{figure}": best[figure],
    }


def outline(experiment: Experiment) -> dict[str, Any]:
    """Describe what training would do, without training: recipe, data, criterion, metrics and cost.

    `reads` is the hash of the data, how the model's inputs are made, and the hash of the model of another run
    whose weights are taken; `figures` are the names of the metrics that will be measured.
    """
    training, model = experiment.recipe.training, _abstract_model(experiment.recipe)
    steps, data = steps_per_epoch(experiment.example_count, training), experiment.describe_data()
    initial = {"initial": experiment.initial.record.sha256} if experiment.initial else {}
    return {
        "recipe": experiment.recipe.model_dump(mode="json"),
        "data": data,
        "reads": {**{key: data[key] for key in ("sha256", *experiment.READS)}, **initial},
        "criterion": f"validation_{experiment.criterion.name}",
        "figures": [
            "train_loss_running",
            *(
                f"{split}_{name}"
                for split in ("validation", "test")
                for name in ("loss", *experiment.METRICS)
            ),
        ],
        "cost": {
            "trainable parameters": trainable_count(model),
            "steps an epoch": steps,
            "steps": steps * training.epochs,
        },
    }


def _check_keys(kind: type[Experiment], recipe: Recipe) -> None:
    """Raise UsageError if the recipe sets a key that has no effect on this kind of data."""
    of_data = {f"data.{key}" for key in _changed(recipe.data) - kind.DATA_KEYS - {"name", "own", "fraction"}}
    of_training = {f"training.{key}" for key in _changed(recipe.training) & _SPECIAL - kind.TRAINING_KEYS}
    of_augmentation = {
        f"augmentation.{key}" for key in _changed(recipe.augmentation) - kind.AUGMENTATION_KEYS
    }
    if strange := sorted(of_data | of_training | of_augmentation):
        raise UsageError(f"{strange[0]} is not for {kind.NOUN}, which {recipe.model.name} is trained on")


_SPECIAL = frozenset({"batch_by_length", "class_weights"})
"""The keys of the training section that apply to some kinds of data only."""


def _changed(section: DataSection | TrainingSection | AugmentationSection) -> set[str]:
    """Return the keys of a section whose values are not the defaults."""
    return {
        key for key, field in type(section).model_fields.items() if getattr(section, key) != field.default
    }
