"""The `kzoo train` command."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .interrupts import told
from .options import (
    Backend,
    BackendOption,
    DataDir,
    Json,
    RequireData,
    Settings,
    complete_recipe,
    complete_set,
    start_backend,
)
from .output import console, error_console, print_data, print_json, print_lines, print_table
from .progress import epoch_listener

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kzoo.recipe import Recipe
    from kzoo.tasks.experiment import Experiment
    from kzoo.training.run import RunFolder


class Precision(StrEnum):
    """The numerical precisions of training."""

    float32 = "float32"
    mixed_bfloat16 = "mixed_bfloat16"
    mixed_float16 = "mixed_float16"


def train(
    recipe: Annotated[
        str | None,
        typer.Argument(help="A model of the zoo or a recipe file (.yaml).", autocompletion=complete_recipe),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="Another data set: a name, a folder of images per class, an npz file, a file of pairs, the "
            "JSON of captioned images, or a folder of spoken texts.",
            autocompletion=complete_set,
        ),
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="training.epochs")] = None,
    lr: Annotated[float | None, typer.Option(help="training.learning_rate")] = None,
    batch_size: Annotated[
        str | None,
        typer.Option(
            metavar="INTEGER|auto",
            help="training.batch_size; auto doubles the recipe's while this machine trains more examples per "
            "second. The learning rate stays.",
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="training.seed")] = None,
    precision: Annotated[Precision | None, typer.Option(help="runtime.precision")] = None,
    set_: Settings = None,
    out: Annotated[
        Path | None, typer.Option(help="The run folder; by default runs/<recipe>-<date>-<time>.")
    ] = None,
    resume: Annotated[Path | None, typer.Option(help="Continue the run in this folder exactly.")] = None,
    data_dir: DataDir = None,
    require_data: RequireData = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be done, without training.")
    ] = False,
    backend: BackendOption = None,
    as_json: Json = False,
) -> None:
    """Train a model by its published recipe.

    A flag overrides --set, which overrides the recipe. The run folder holds the recipe, the environment, the
    history, the metrics, the best and the last model, and pictures. A run that was interrupted in any way
    continues with --resume and ends with exactly the weights of an uninterrupted run.
    """
    from kzoo.errors import UsageError

    flags = {
        "data.name": data,
        "training.epochs": epochs,
        "training.learning_rate": lr,
        "training.batch_size": batch_size,
        "training.seed": seed,
        "runtime.precision": precision,
    }
    given = {key: value for key, value in flags.items() if value is not None}
    if resume is not None:
        if out or dry_run or require_data:
            raise UsageError("--out, --dry-run and --require-data are for a new run, not for --resume")
        _resume(resume, recipe, given, set_, data_dir, backend, as_json)
        return
    _train(recipe, given, set_, out, data_dir, require_data, dry_run, backend, as_json)


COMMANDS = (train,)


def _train(
    name: str | None,
    flags: dict[str, Any],
    settings: list[str] | None,
    out: Path | None,
    data_dir: Path | None,
    require_data: bool,
    dry_run: bool,
    backend: Backend | None,
    as_json: bool,
) -> None:
    from kzoo.errors import UsageError
    from kzoo.recipe import AUTO, list_recipes, load_recipe, parse_setting

    if name is None:
        raise UsageError(f"name a model or a recipe to train: {', '.join(list_recipes())}")
    reference = load_recipe(name)
    auto = flags.get("training.batch_size") == AUTO
    if auto:
        del flags["training.batch_size"]
    recipe = load_recipe(name, dict(map(parse_setting, settings or [])) | flags)
    if auto:
        recipe = _with_fastest_batch(recipe, backend, data_dir, require_data)
    recipe = _with_backend(recipe, backend)

    from kzoo.experiment import prepare, start
    from kzoo.locks import hold
    from kzoo.training.run import new_run

    experiment = prepare(recipe, reference=reference, data_dir=data_dir, require_data=require_data)
    _announce(experiment)
    _point_to_faster_backend(recipe)
    if dry_run:
        _show_recipe(experiment, as_json)
        return
    experiment.examples()  # reads every image and clip, so that a damaged one leaves no run folder behind
    run = new_run(recipe, out)
    with hold(run.path):
        start(experiment, run)
        _run_to_the_end(experiment, run, as_json)


def _resume(
    path: Path,
    name: str | None,
    flags: dict[str, Any],
    settings: list[str] | None,
    data_dir: Path | None,
    backend: Backend | None,
    as_json: bool,
) -> None:
    from dataclasses import replace

    from kzoo.errors import UsageError
    from kzoo.training.run import open_run

    if name is not None or settings or flags.keys() - {"training.epochs"}:
        raise UsageError(
            "a resumed run keeps its recipe: with --resume only --epochs may be given, to go on for longer"
        )
    run = open_run(path)
    run.check_resumable()
    recipe = run.recipe(flags)
    backend = backend or (None if recipe.runtime.backend is None else Backend(recipe.runtime.backend))
    recipe = _with_backend(recipe, backend)

    from kzoo.experiment import resume as resume_run
    from kzoo.locks import hold
    from kzoo.tasks.opening import open_experiment

    experiment = replace(open_experiment(run, data_dir), recipe=recipe)
    with hold(run.path):
        resume_run(experiment, run)
        _announce(experiment)
        _run_to_the_end(experiment, run, as_json)


def _with_fastest_batch(
    recipe: Recipe, backend: Backend | None, data_dir: Path | None, require_data: bool
) -> Recipe:
    """Find the batch size that trains the fastest, say what was measured, and write it into the recipe."""
    from kzoo import runtime
    from kzoo.bench.batch_size import GAIN, STEPS, find_batch_size
    from kzoo.bench.task import BatchSizeTask

    chosen = runtime.choose_backend(backend, recipe.runtime.backend)
    recipe = recipe.with_values("runtime", backend=chosen)
    task = BatchSizeTask(recipe=recipe, data_dir=data_dir, require_data=require_data)
    speeds = find_batch_size(task)
    first, size = min(speeds), max(speeds)
    if size == first:
        told = (
            f"batch size {first}, as in the recipe: {speeds[first]:,.0f} examples/s; no larger size that "
            f"fits into memory and leaves {STEPS} steps an epoch trains {GAIN - 1:.0%} faster"
        )
    else:
        told = (
            f"batch size {size}: {speeds[size]:,.0f} examples/s, {speeds[first]:,.0f} with the recipe's "
            f"{first}; the metrics are no longer those of the published recipe"
        )
    error_console().print(told, soft_wrap=True)
    return task.starting_at(size).recipe


def _with_backend(recipe: Recipe, backend: Backend | None) -> Recipe:
    """Start the backend and write the choice into the recipe."""
    chosen = start_backend(
        backend, recipe.runtime.backend, recipe.runtime.precision, batch_size=recipe.training.batch_size
    )
    return recipe.with_values("runtime", backend=chosen)


def _announce(experiment: Experiment) -> None:
    from kzoo import runtime

    recipe = experiment.recipe
    screen = error_console()
    screen.print(
        f"{recipe.model.name} on {recipe.runtime.backend}, {runtime.device()}, {recipe.runtime.precision}",
    )
    print_data(experiment.describe_data(), recipe.data.name, experiment.NOUN)
    print_lines(experiment.describe().get("left_out", []))
    if experiment.initial is not None:
        print_lines(experiment.initial.lines())


def _point_to_faster_backend(recipe: Recipe) -> None:
    """Name an installed backend that was measured to train the recipe twice as fast."""
    from kzoo import runtime
    from kzoo.bench.record import faster_backend

    assert recipe.runtime.backend is not None
    found = faster_backend(
        recipe.name, recipe.runtime.backend, runtime.device(), runtime.installed_backends()
    )
    if found is not None:
        error_console().print(
            f"{found.backend} was measured to train {recipe.name} at least twice as fast "
            f"({found.machine}, {found.date}): --backend {found.backend}",
            soft_wrap=True,
        )


def _show_recipe(experiment: Experiment, as_json: bool) -> None:
    from kzoo.experiment import outline

    if as_json:
        print_json(outline(experiment))
        return
    console().print(experiment.recipe.to_yaml(), end="", soft_wrap=True)
    print_table("", "", rows=[(key, str(value)) for key, value in outline(experiment)["cost"].items()])


def _run_to_the_end(experiment: Experiment, run: RunFolder, as_json: bool) -> None:
    from kzoo.experiment import train as train_run

    error_console().print(f"run folder {run.path}", soft_wrap=True)
    listener = epoch_listener(experiment.recipe.training.epochs, experiment.METRICS)
    with told(f"interrupted; continue with: kzoo train --resume {quote(str(run.path))}"), listener as hears:
        metrics = train_run(experiment, run, hears)
    if as_json:
        print_json({"run": str(run.path), **metrics})
    else:
        _print_result(metrics, experiment.METRICS)


def _print_result(metrics: dict[str, Any], figures: Sequence[str]) -> None:
    """Print the measured metrics, beside the published figures if these are comparable."""
    from kzoo.metrics.table import label_of

    comparison = metrics["comparison"]
    published = comparison["published"] or {}
    measured = [f"{split}_{name}" for name in ("loss", *figures) for split in ("validation", "test")]
    rows = [
        (
            label_of(name),
            f"{metrics[name]:.4f}",
            *([f"{published[name]:.4f}" if name in published else ""] if published else []),
        )
        for name in ("train_loss", "train_loss_running", *measured)
    ]
    epochs = "1 epoch" if metrics["epochs"] == 1 else f"{metrics['epochs']} epochs"
    title = f"{metrics['recipe']} after {epochs}, {metrics['seconds']:.0f} s"
    if metrics["stopped"]:
        title += f"; stopped, as {metrics['stopped']}"
    if metrics["tested_epoch"] != metrics["epochs"]:
        title += f"; tested with the model of epoch {metrics['tested_epoch']}"
    sources = [comparison["source"]] if published else []
    print_table("", ">measured", *(f">{source}" for source in sources), rows=rows, title=title)
    note = comparison.get("remark") or comparison.get("reason")
    if note:
        console().print(
            f"No comparable published figure: {note}." if "reason" in comparison else note, soft_wrap=True
        )
