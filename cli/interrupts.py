"""Ctrl-C, wherever it falls."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

PAUSE = 0.01
"""Seconds after which a dropped Ctrl-C comes again: the destructor that it fell into is over by then."""


@contextmanager
def none_dropped() -> Iterator[None]:
    """Within it a Ctrl-C comes again that fell into a destructor, where Python drops what is raised."""
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
