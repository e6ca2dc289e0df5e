"""The Typer application of `kzoo`, which collects all commands."""

from __future__ import annotations

from typing import Annotated

import typer

import kzoo

from . import (
    bench,
    claims,
    data,
    evaluate,
    models,
    plot,
    predict,
    records,
    report,
    reproduce,
    sweep,
    train,
    tune_decoding,
    weights,
)

HELP = """Small published networks in Keras 3, with checked parameter counts.

Exit codes: 0 ok, 1 failed check, 2 usage or recipe error, 3 data or file error, 4 missing extra,
130 interrupted, 141 closed pipe.
"""

app = typer.Typer(name="kzoo", help=HELP, no_args_is_help=True, pretty_exceptions_enable=False)
for module in (train, reproduce, sweep, tune_decoding, evaluate, predict, report, records, models, claims):
    for command in module.COMMANDS:
        app.command()(command)
app.add_typer(plot.app, name="plot")
app.add_typer(data.app, name="data")
app.add_typer(weights.app, name="weights")
app.add_typer(bench.app, name="bench")


def _print_version(asked: bool) -> None:
    if asked:
        print(f"kzoo {kzoo.__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks and the backend's own messages.")
    ] = False,
) -> None:
    """Define the options that precede a command."""
