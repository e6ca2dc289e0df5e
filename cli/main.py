"""The entry point of the `kzoo` command, which turns errors into messages and exit codes."""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
from contextlib import suppress

from kzoo.errors import DataError, KzooError
from kzoo.imports import import_large

from .interrupts import none_lost
from .streams import CLOSED_PIPE, finish, open_streams

INTERRUPTED = 130
"""The exit code after Ctrl-C, which is that of a program ended by SIGINT."""


def run() -> None:
    """Run `main` as a process, which ends at once when it was interrupted.

    The shutdown of Python would release JAX's devices while a thread still compiles, which Ctrl-C cannot
    stop, and so cause a segmentation fault. After a Ctrl-C in code run by `exec`, as dataclasses run it,
    Python would also end by SIGINT instead of with this exit code.
    """
    try:
        main()
    except SystemExit as stop:
        if stop.code == INTERRUPTED:
            os._exit(INTERRUPTED)
        raise


def main() -> None:
    """Run the command line; report an error as one line on stderr, or as a traceback under `--debug`."""
    atexit.register(gc.freeze)  # the system frees the memory of a process faster than a last collection
    atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)  # nothing would catch it during shutdown
    # Pictures are only written to files, and matplotlib refuses an unknown backend when it is imported.
    os.environ.pop("MPLBACKEND", None)
    # --debug may stand anywhere on the command line, and is needed before and after Typer parses it.
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
        if isinstance(stop.__context__, BrokenPipeError):  # Rich and Typer exit with 1 for it
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
    """Run a command and flush everything that it printed."""
    open_streams()
    stdout = sys.stdout  # Typer replaces sys.stdout
    try:
        import_large("kzoo.cli.app").app()
    finally:
        finish(stdout, "stdout")


def _say(message: str) -> None:
    from rich.text import Text

    from .output import error_console

    with suppress(OSError):
        error_console().print(Text.assemble(("kzoo: ", "bold red"), message), soft_wrap=True)


def _explain(error: Exception) -> tuple[str, int]:
    """Return the one-line message and the exit code of an error."""
    if isinstance(error, KzooError):
        return str(error), error.exit_code
    if isinstance(error, OSError):
        return f"{error.filename or 'a file or stdout'}: {error.strerror or error}", DataError.exit_code
    reason = (str(error).splitlines() or [""])[0]
    return f"unexpected {type(error).__name__}: {reason} (run again with --debug for the traceback)", 1
