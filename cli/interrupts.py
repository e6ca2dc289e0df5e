"""Ctrl-C, wherever it falls."""

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
"""Seconds after which a dropped Ctrl-C comes again: the destructor that it fell into is over by then."""

_came = threading.Event()
"""Whether there was a Ctrl-C since `none_lost` began."""


@contextmanager
def none_lost() -> Iterator[None]:
    """Within it every Ctrl-C ends in KeyboardInterrupt.

    Python drops one that falls into a destructor: it comes again. Code in C, such as a module that starts,
    may call it an error of its own: that error is the Ctrl-C.
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
    """Print a line on stderr when it is interrupted, however that is called."""
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
            _thread.start_new_thread(come_again, ())  # threading.Thread would wait here until it runs
        except KeyboardInterrupt:  # so soon, on a busy machine
            send_again(dropped)

    sys.unraisablehook = send_again
    try:
        yield
    finally:
        while coming:
            time.sleep(PAUSE)
        sys.unraisablehook = before


def _interrupt_main_thread() -> None:
    """As Ctrl-C does: it ends a call of the system, too, where there are POSIX signals."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:
        _thread.interrupt_main()
