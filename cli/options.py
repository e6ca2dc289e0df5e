"""Options that several verbs share."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kzoo.training.run import RunFolder


class Backend(StrEnum):
    """The backends of Keras."""

    tensorflow = "tensorflow"
    jax = "jax"
    torch = "torch"


class Checkpoint(StrEnum):
    """Which model of a run."""

    best = "best"
    last = "last"


def complete_recipe(incomplete: str) -> list[str]:
    """The recipes that a word may become; it imports neither Keras nor NumPy."""
    from kzoo.recipe import list_recipes

    return [name for name in list_recipes() if name.startswith(incomplete)]


Run = Annotated[Path, typer.Argument(help="The folder of a run.", file_okay=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else there.")]
BackendOption = Annotated[
    Backend | None,
    typer.Option("--backend", help="The backend; otherwise KERAS_BACKEND, the recipe's, tensorflow."),
]
DataDir = Annotated[
    Path | None, typer.Option(help="The folder that holds the data set, or its parent; before $KZOO_DATA.")
]


def start_backend(
    backend: Backend | None,
    preferred: str | None = None,
    precision: str = "float32",
    batch_size: int | None = None,
) -> str:
    """Choose a backend, start it and return its name."""
    from kzoo import runtime

    chosen = runtime.choose_backend(backend, preferred)
    runtime.start(chosen, precision=precision, batch_size=batch_size, debug="--debug" in sys.argv)
    return chosen


def check_task(folder: RunFolder, task: str, verb: str) -> None:
    """Raises UsageError if a run is of another task than the one that a verb is for."""
    from kzoo.errors import UsageError

    if (found := task_of(folder)) != task:
        raise UsageError(f"kzoo {verb} is for {task}; {folder.path} is a run of {found}")


def check_writes(folder: RunFolder, verb: str) -> None:
    """Raises UsageError if a run's model writes nothing that could be decoded."""
    from kzoo.errors import UsageError

    if (found := task_of(folder)) == "image classification":
        raise UsageError(f"kzoo {verb} is for what writes; {folder.path} is a run of {found}")


def open_together(folder: RunFolder, others: Sequence[Path] | None) -> list[RunFolder]:
    """A run and those that are decoded together with it.

    Raises:
        UsageError: one of them is no run, or of another task.
    """
    from kzoo.errors import UsageError
    from kzoo.training.run import open_run

    together = [folder, *map(open_run, others or [])]
    for other in together:
        if (found := task_of(other)) != (task := task_of(folder)):
            raise UsageError(f"--with is for runs of {task}; {other.path} is a run of {found}")
    return together


def task_of(folder: RunFolder) -> str:
    """The task of a run's model."""
    from kzoo.registry import card

    return card(folder.recipe().model.name).task


def open_with_backend(path: Path, backend: Backend | None) -> RunFolder:
    """Open a run and start the backend for it: any may be asked for, its own is preferred."""
    from kzoo.training.run import open_run

    folder = open_run(path)
    runtime = folder.recipe().runtime
    start_backend(backend, runtime.backend, runtime.precision)
    return folder
