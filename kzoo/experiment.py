"""One experiment from its recipe to its run folder: data, model, training, evaluation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from kzoo import registry, runtime
from kzoo.data.images import ImageSet
from kzoo.data.sources import load_image_set
from kzoo.errors import DataError, UsageError
from kzoo.evaluation import describe_data, evaluate_split
from kzoo.files import remove_partial_files
from kzoo.recipe import Recipe, changed_keys
from kzoo.reporting.parameters import trainable_count
from kzoo.reporting.pictures import draw_pictures
from kzoo.training.checkpoint import load_checkpoint, save_checkpoint
from kzoo.training.inference import compile_predict
from kzoo.training.loop import Listener, fit
from kzoo.training.optimizers import create_optimizer
from kzoo.training.order import steps_per_epoch
from kzoo.training.progress import Progress
from kzoo.training.run import RunFolder


@dataclass(frozen=True)
class Experiment:
    """A recipe whose data are loaded and whose model fits them."""

    recipe: Recipe
    data: ImageSet

    def create_model(self) -> keras.Model:
        """The model with the initial weights of the recipe's seed."""
        return registry.create_model(
            self.recipe.model.name, seed=self.recipe.training.seed, **self.recipe.model.options
        )

    def create_optimizer(self, model: keras.Model) -> keras.Optimizer:
        """The recipe's optimiser, its slots built."""
        optimizer = create_optimizer(self.recipe.training, self.recipe.runtime.precision)
        optimizer.build(model.trainable_variables)
        return optimizer


def prepare(
    recipe: Recipe, *, data_dir: Path | None = None, require_data: bool = False, own_data: bool = False
) -> Experiment:
    """Load a recipe's data and make the model fit it.

    `own_data` says that the set is not the one the recipe was written for: `num_classes`, unless the recipe
    sets it, is then the set's.

    Raises:
        UsageError: the model cannot be built so, or has fewer outputs than the set has classes.
        DataError: the set is damaged, or required and not found.
    """
    options = registry.check_options(recipe.model.name, recipe.model.options)
    data = load_image_set(
        recipe.data.name,
        data_dir=data_dir,
        image_shape=tuple(options["input_shape"]),
        require_data=require_data,
        test_cut=recipe.data.test_cut,
    )
    classes = len(data.class_names)
    if own_data and "num_classes" not in recipe.model.options:
        model = recipe.model.model_copy(update={"num_classes": classes})
        recipe = recipe.model_copy(update={"model": type(model).model_validate(model.model_dump())})
        options["num_classes"] = classes
    if options["num_classes"] < classes:
        raise UsageError(
            f"{recipe.data.name} has {classes} classes, the model {options['num_classes']} outputs: "
            f"--set model.num_classes={classes}"
        )
    if steps_per_epoch(len(data.train), recipe.training) == 0:
        raise UsageError(f"training.drop_last leaves none of {len(data.train)} images: lower --batch-size")
    registry.outline_model(recipe.model.name, **recipe.model.options)
    return Experiment(recipe, data)


def start(experiment: Experiment, run: RunFolder) -> None:
    """Write down what a new run is made from, before anything is trained."""
    run.write_json("environment.json", {**runtime.environment(), "data": describe_data(experiment.data)})
    run.write_recipe(experiment.recipe)


def resume(experiment: Experiment, run: RunFolder) -> None:
    """See that a run goes on under the conditions it was started in, and write down where it goes on.

    Raises:
        DataError: the data are not those of the run.
        UsageError: the backend is not that of the run, or its last epoch is done.
    """
    before, epochs = run.environment(), experiment.recipe.training.epochs
    if run.finished and run.metrics()["epochs"] >= epochs:
        raise UsageError(
            f"{run.path} is finished after {run.metrics()['epochs']} epochs: --epochs N goes on to N"
        )
    if before["data"]["sha256"] != experiment.data.sha256():
        raise DataError(f"{experiment.data.origin.location} is not the data that {run.path} was trained on")
    if before["backend"] != keras.backend.backend():
        raise UsageError(
            f"{run.path} was trained on {before['backend']}: resume it with --backend {before['backend']}"
        )
    remove_partial_files(run.path)
    run.write_json(
        "environment.json", {**before, "resumed": [*before.get("resumed", []), runtime.environment()]}
    )
    run.write_recipe(experiment.recipe)


def train(experiment: Experiment, run: RunFolder, reference: Recipe, listener: Listener) -> dict[str, Any]:
    """Train a run to its last epoch, from its newest checkpoint if it has one, and evaluate the last epoch.

    `reference` is the recipe as it was published; its figures count only where nothing was changed.

    Returns:
        the metrics, as written to `metrics.json`.
    """
    model = experiment.create_model()
    optimizer = experiment.create_optimizer(model)
    progress = load_checkpoint(run.checkpoints, model, optimizer)
    if progress.epoch > experiment.recipe.training.epochs:
        raise UsageError(f"{run.path} has {progress.epoch} epochs already: give --epochs a larger number")

    def keep(row: dict[str, float]) -> None:
        # The checkpoint comes last: whatever is lost before it is made again by the epoch that follows it.
        if progress.best_epoch == progress.epoch:
            run.save_model(model, "best")
        run.save_model(model, "last")
        run.write_history(progress.history)
        save_checkpoint(run.checkpoints, model, optimizer, progress)
        listener.on_epoch(row)

    data, training = experiment.data, experiment.recipe.training
    fit(model, optimizer, training, data.train, data.validation, progress, Listener(listener.on_steps, keep))
    log_probabilities = compile_predict(model)(data.test.images)
    metrics = {
        "recipe": experiment.recipe.name,
        "parameters": trainable_count(model),
        "data": describe_data(data),
        **_summary(progress),
        "test": evaluate_split(data.test, log_probabilities, data.class_names),
        "comparison": compare(experiment, reference),
    }
    metrics["test_accuracy"] = metrics["test"]["accuracy"]
    draw_pictures(run.path, model, data, log_probabilities, run.history(), title_of(experiment))
    run.write_json("metrics.json", metrics)
    return metrics


def _summary(progress: Progress) -> dict[str, Any]:
    """The figures of the last epoch, and which was the best."""
    return {
        **{key: value for key, value in progress.history[-1].items() if key != "epoch"},
        "epochs": progress.epoch,
        "seconds": round(progress.seconds, 1),
        "best_epoch": progress.best_epoch,
        "best_validation_accuracy": progress.best_accuracy,
    }


def compare(experiment: Experiment, reference: Recipe) -> dict[str, Any]:
    """The published figures of the recipe, or the reason why the run has none to stand beside."""
    origin, published = experiment.data.origin, reference.published
    if published is None:
        return {"published": None, "reason": "nothing is published for this recipe"}
    if origin.stand_in:
        return {
            "published": None,
            "reason": f"trained on the stand-in {origin.name}, not on {reference.data.name}",
        }
    if changed := changed_keys(experiment.recipe, reference):
        return {"published": None, "reason": f"the recipe was changed: {', '.join(changed)}"}
    return {"published": published.figures, "source": published.source, "remark": published.remark}


def data_line(experiment: Experiment, reference: Recipe) -> str:
    """One line that says what is trained on, and plainly so if it is a stand-in."""
    data = experiment.data
    counts = " / ".join(f"{len(split):,}" for split in data.splits.values())
    if data.origin.stand_in and reference.data.name != data.origin.name:
        return (
            f"STAND-IN DATA: no {reference.data.name} found; {data.origin.name}, {data.origin.location}, "
            f"stand in for it ({counts} images); compare no figure with a published one"
        )
    return f"data {data.origin.name}, {data.origin.location} ({counts} images)"


def outline(experiment: Experiment) -> dict[str, Any]:
    """What training would do: the resolved recipe, the data, and what it costs."""
    training, options = experiment.recipe.training, experiment.recipe.model.options
    model = registry.outline_model(experiment.recipe.model.name, **options)
    steps = steps_per_epoch(len(experiment.data.train), training)
    return {
        "recipe": experiment.recipe.model_dump(mode="json"),
        "data": describe_data(experiment.data),
        "cost": {
            "trainable parameters": trainable_count(model),
            "steps an epoch": steps,
            "steps": steps * training.epochs,
        },
    }


def title_of(experiment: Experiment) -> str:
    """The title of a run's pictures; it says so when the data are a stand-in."""
    origin = experiment.data.origin
    return f"{experiment.recipe.name} on {origin.name}{' (stand-in)' if origin.stand_in else ''}"
