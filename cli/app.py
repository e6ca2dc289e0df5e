"""The `kzoo` command: its verbs, its errors and its exit codes."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer
from rich.text import Text

import kzoo
from kzoo.errors import DataError, KzooError

from . import bench, claims, data, evaluate, models, plot, predict, records, report, reproduce, sweep, train
from .interrupts import none_dropped
from .output import error_console

HELP = """Small published networks in Keras 3, with checked parameter counts.

Exit codes: 0 ok, 1 a check failed, 2 usage or recipe, 3 data, 4 a missing extra, 130 interrupted.
"""

app = typer.Typer(name="kzoo", help=HELP, no_args_is_help=True, pretty_exceptions_enable=False)
for module in (train, reproduce, sweep, evaluate, predict, report, records, models, claims):
    for command in module.COMMANDS:
        app.command(command.__name__)(command)
app.add_typer(plot.app, name="plot")
app.add_typer(data.app, name="data")
app.add_typer(bench.app, name="bench")


def _print_version(asked: bool) -> None:
    if asked:
        print(f"kzoo {kzoo.__version__}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks and the backend's own messages.")
    ] = False,
) -> None:
    """Options before the verb."""
    context.with_resource(none_dropped())


def main() -> None:
    """Run the command line; what a user got wrong is one line on stderr, a traceback only under `--debug`."""
    # Pictures are files: matplotlib, which refuses an unknown backend when it is imported, must not read it.
    os.environ.pop("MPLBACKEND", None)
    # It may stand anywhere on the line, and is needed before and after Typer has its turn.
    debug = "--debug" in sys.argv
    sys.argv = [
        sys.argv[0],
        *(["--debug"] if debug else []),
        *(word for word in sys.argv[1:] if word != "--debug"),
    ]
    try:
        app()
    except Exception as error:
        if debug:
            raise
        message, exit_code = _explain(error)
        error_console().print(Text.assemble(("kzoo: ", "bold red"), message), soft_wrap=True)
        sys.exit(exit_code)


def _explain(error: Exception) -> tuple[str, int]:
    """An error as one line and an exit code."""
    if isinstance(error, KzooError):
        return str(error), error.exit_code
    if isinstance(error, OSError):
        return f"{error.filename or 'a file'}: {error.strerror or error}", DataError.exit_code
    reason = (str(error).splitlines() or [""])[0]
    return f"unexpected {type(error).__name__}: {reason} (run again with --debug for the traceback)", 1
