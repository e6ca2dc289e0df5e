"""The progress of the runs of a table: one line per run, and bars on a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

from .output import error_console

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console
    from rich.progress import Progress, TaskID

_EPOCH = re.compile(r"epoch +(\d+)/(\d+)")


class LineWatcher:
    """Prints one line when a run ends; `tell` returns the metric of a finished run as text."""

    def __init__(self, screen: Console, tell: Callable[[str], str]) -> None:
        self._screen, self._tell = screen, tell
        self._begun: dict[str, float] = {}
        self._count = self._ended = 0

    def expect(self, count: int) -> None:
        """Add `count` to the number of runs to come."""
        self._count += count

    def begin(self, folder: str) -> None:
        """Store the start time of a run."""
        self._begun[folder] = monotonic()

    def hear(self, folder: str, line: str) -> None:
        """Ignore a line that a run prints, which is in its log."""

    def end(self, folder: str, failure: str) -> None:
        """Print the metric or the failure of a run, and its duration."""
        from kzoo.reporting.page.spelling import duration

        self._ended += 1
        said = f"failed: {failure}" if failure else self._tell(folder)
        place = f"{self._ended:>{len(str(self._count))}}/{self._count}"
        took = duration(monotonic() - self._begun[folder])
        self._screen.print(f"{place} {folder.rpartition('-')[0]}  {said}  {took}", soft_wrap=True)


class BarWatcher(LineWatcher):
    """Shows a bar of epochs for each active run, in addition to the lines."""

    def __init__(self, progress: Progress, tell: Callable[[str], str]) -> None:
        super().__init__(progress.console, tell)
        self._progress = progress
        self._bars: dict[str, TaskID] = {}

    def begin(self, folder: str) -> None:
        """Add a bar for a new run."""
        super().begin(folder)
        self._bars[folder] = self._progress.add_task(folder.rpartition("-")[0], total=None)

    def hear(self, folder: str, line: str) -> None:
        """Advance the bar of a run at each epoch."""
        if found := _EPOCH.match(line):
            done, total = map(int, found.groups())
            self._progress.update(self._bars[folder], completed=done, total=total)

    def end(self, folder: str, failure: str) -> None:
        """Remove the bar of a run and print its line."""
        self._progress.remove_task(self._bars.pop(folder))
        super().end(folder, failure)


@contextmanager
def run_watcher(tell: Callable[[str], str]) -> Iterator[LineWatcher]:
    """Yield a watcher that prints on stderr."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    screen = error_console()
    if not screen.is_terminal:
        yield LineWatcher(screen, tell)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=screen, transient=True) as progress:
        yield BarWatcher(progress, tell)
