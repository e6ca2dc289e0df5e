"""The `kzoo` command from its first import to its exit code."""

from __future__ import annotations

import atexit
import os
import signal
import sys
from contextlib import suppress

from kzoo.errors import DataError, KzooError

from .interrupts import none_lost
from .streams import CLOSED_PIPE, finish, open_streams

INTERRUPTED = 130
"""The exit code after Ctrl-C: that of a program which SIGINT ends."""


def run() -> None:
    """The process: `main`, and an interrupted one ends with that.

    Python's own end would take JAX's devices away from a thread that still compiles, which no Ctrl-C stops: a
    segmentation fault. It would also end by SIGINT after a Ctrl-C in an evaluated text, as dataclasses have.
    """
    try:
        main()
    except SystemExit as stop:
        if stop.code == INTERRUPTED:
            os._exit(INTERRUPTED)
        raise


def main() -> None:
    """Run the command line; what a user got wrong is one line on stderr, a traceback only under `--debug`."""
    atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)  # nothing catches what Python's end raises
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
        with none_lost():
            _run()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except SystemExit as stop:
        if isinstance(stop.__context__, BrokenPipeError):  # for which Rich and Typer exit with 1
            sys.exit(CLOSED_PIPE)
        raise
    except BrokenPipeError:
        sys.exit(CLOSED_PIPE)
    except Exception as error:
        if debug:
            raise
        message, exit_code = _explain(error)
        _say(message)
        sys.exit(exit_code)
    finally:
        with suppress(OSError):
            finish(sys.stderr, "stderr")


def _run() -> None:
    """Run a verb, up to the last of what it prints."""
    open_streams()
    stdout = sys.stdout  # Typer puts another in its place
    from .app import app

    try:
        app()
    finally:
        finish(stdout, "stdout")


def _say(message: str) -> None:
    from rich.text import Text

    from .output import error_console

    with suppress(OSError):
        error_console().print(Text.assemble(("kzoo: ", "bold red"), message), soft_wrap=True)


def _explain(error: Exception) -> tuple[str, int]:
    """An error as one line and an exit code."""
    if isinstance(error, KzooError):
        return str(error), error.exit_code
    if isinstance(error, OSError):
        return f"{error.filename or 'a file or stdout'}: {error.strerror or error}", DataError.exit_code
    reason = (str(error).splitlines() or [""])[0]
    return f"unexpected {type(error).__name__}: {reason} (run again with --debug for the traceback)", 1
