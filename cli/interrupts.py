"""Ctrl-C, wherever it falls."""

from __future__ import annotations

import _thread
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

PAUSE = 0.01
"""Seconds after which a dropped Ctrl-C comes again: the destructor that it fell into is over by then."""


@contextmanager
def none_dropped() -> Iterator[None]:
    """Within it a Ctrl-C comes again that fell into a destructor, where Python drops what is raised."""
    before, again = sys.unraisablehook, list[Timer]()

    def send_again(dropped: UnraisableHookArgs) -> None:
        if not issubclass(dropped.exc_type, KeyboardInterrupt):
            before(dropped)
            return
        timer = Timer(PAUSE, _thread.interrupt_main)
        timer.start()
        again.append(timer)

    sys.unraisablehook = send_again
    try:
        yield
    finally:
        sys.unraisablehook = before
        for timer in again:
            timer.join()
