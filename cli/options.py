"""Options that several verbs share."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


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
