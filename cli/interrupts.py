"""Reliable handling of Ctrl-C, also where Python or C code would lose it."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from .output import print_lines

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

PAUSE = 0.01
"""Seconds until a dropped Ctrl-C is sent again; the destructor that it interrupted has ended by then."""

_came = threading.Event()
"""Set if Ctrl-C was pressed since `none_lost` began."""


@contextmanager
def none_lost() -> Iterator[None]:
    """Raise KeyboardInterrupt for every Ctrl-C within this context.

    Python drops a KeyboardInterrupt that is raised in a destructor, so the signal is sent again. C code, such
    as the initialisation of a module, may replace it by another exception, which is converted back.
    """
    _came.clear()
    handler = signal.getsignal(signal.SIGINT)
    if handler is signal.default_int_handler:
        signal.signal(signal.SIGINT, _note)
    try:
        with _none_dropped():
            yield
    except Exception as error:
        if _came.is_set():
            raise KeyboardInterrupt from error
        raise
    finally:
        signal.signal(signal.SIGINT, handler)


@contextmanager
def told(line: str) -> Iterator[None]:
    """Print a line on stderr if this context is interrupted, whichever exception the Ctrl-C became."""
    try:
        yield
    except BaseException as error:
        if _came.is_set() or isinstance(error, KeyboardInterrupt):
            print_lines([line])
        raise


def _note(number: int, frame: FrameType | None) -> None:
    _came.set()
    signal.default_int_handler(number, frame)


@contextmanager
def _none_dropped() -> Iterator[None]:
    before, coming = sys.unraisablehook, list[bool]()

    def come_again() -> None:
        time.sleep(PAUSE)
        _interrupt_main_thread()
        coming.pop()

    def send_again(dropped: UnraisableHookArgs) -> None:
        if not issubclass(dropped.exc_type, KeyboardInterrupt):
            before(dropped)
            return
        try:
            coming.append(True)
            _thread.start_new_thread(come_again, ())  # Thread.start() would block until the thread runs
        except KeyboardInterrupt:  # on a busy machine the signal can already arrive here
            send_again(dropped)

    sys.unraisablehook = send_again
    try:
        yield
    finally:
        while coming:
            time.sleep(PAUSE)
        sys.unraisablehook = before


def _interrupt_main_thread() -> None:
    """Interrupt the main thread as Ctrl-C does; a POSIX signal also ends a blocking system call."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:
        _thread.interrupt_main()
