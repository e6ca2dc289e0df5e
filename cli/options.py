"""Options that several commands share."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kzoo.training.run import RunFolder


class Backend(StrEnum):
    """The backends of Keras, and `auto` for the installed one that starts the fastest."""

    tensorflow = "tensorflow"
    jax = "jax"
    torch = "torch"
    auto = "auto"


class Checkpoint(StrEnum):
    """The models that a run keeps: of its best and of its last epoch."""

    best = "best"
    last = "last"


def complete_recipe(incomplete: str) -> list[str]:
    """Return the recipes that complete a word, without importing Keras or NumPy."""
    from kzoo.recipe import list_recipes

    return [name for name in list_recipes() if name.startswith(incomplete)]


def complete_set(incomplete: str) -> list[str]:
    """Return the published data sets that complete a word, without importing Keras or NumPy."""
    from kzoo.data.catalog import PUBLISHED_SETS

    return [name for name in PUBLISHED_SETS if name.startswith(incomplete)]


def complete_key(incomplete: str) -> list[str]:
    """Return the recipe keys that complete a word, without importing Keras or NumPy."""
    from kzoo.recipe import recipe_keys

    return [f"{key}=" for key in recipe_keys() if key.startswith(incomplete)]


def complete_weights(incomplete: str) -> list[str]:
    """Return the weights that come with kzoo that complete a word, without importing Keras or NumPy."""
    from kzoo.shipped import list_weights

    return [name for name in list_weights() if name.startswith(incomplete)]


def complete_run(incomplete: str) -> list[str]:
    """Return the weights that come with kzoo that complete a word, and the folders beside them.

    If no weights do, nothing is returned, and the shell completes paths itself.
    """
    names = complete_weights(incomplete)
    folders = (path for path in Path().glob(f"{incomplete}*") if path.is_dir()) if names else ()
    return [*names, *sorted(f"{path}/" for path in folders)]


Run = Annotated[
    Path,
    typer.Argument(
        help="The folder of a run, or the name of weights that come with kzoo.",
        file_okay=False,
        autocompletion=complete_run,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else there.")]
BackendOption = Annotated[
    Backend | None,
    typer.Option(
        "--backend",
        help="The backend; by default KERAS_BACKEND, the recipe's, or tensorflow. auto is the one that "
        "starts the fastest.",
    ),
]
CheckpointOption = Annotated[
    Checkpoint | None,
    typer.Option(help="The model of the run; by default the one that its recipe selects for the test."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Override any key of the recipe, or of all recipes of a table.",
        autocompletion=complete_key,
    ),
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        help="The folder of the data set or its parent, searched before $KZOO_DATA and the user's cache."
    ),
]
RequireData = Annotated[bool, typer.Option("--require-data", help="Refuse to train on a stand-in.")]


def flag(option: str) -> str:
    """Return the flag of an option: `length_penalty` is set by `--length-penalty`."""
    return f"--{option.replace('_', '-')}"


def option_words(options: Mapping[str, Any]) -> list[str]:
    """Return the command line words that set these options; None leaves one out."""
    given = {name: value for name, value in options.items() if value is not None}
    return [word for name, value in given.items() for word in (flag(name), str(value))]


def checkpoint_name(checkpoint: Checkpoint | None) -> Any:
    """Return the name of a checkpoint as the library takes it, None for the tested one."""
    return None if checkpoint is None else checkpoint.value


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


def open_with_backend(path: Path, backend: Backend | None) -> RunFolder:
    """Open a run and start `backend`, or by default KERAS_BACKEND or the backend in the run's recipe."""
    from kzoo.training.run import open_run

    folder = open_run(path)
    runtime = folder.recipe().runtime
    start_backend(backend, runtime.backend, runtime.precision)
    return folder
