"""How a training shows itself: a bar on a terminal, one plain line an epoch elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .output import error_console

if TYPE_CHECKING:
    from kzoo.training.loop import Listener


@contextmanager
def epoch_listener(epochs: int) -> Iterator[Listener]:
    """A listener that reports on stderr."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from kzoo.training.loop import Listener

    screen = error_console()

    def report(row: dict[str, float]) -> None:
        screen.print(
            f"epoch {row['epoch']:>{len(str(epochs))}}/{epochs}  train loss {row['train_loss']:.4f}  "
            f"validation loss {row['validation_loss']:.4f}  accuracy {row['validation_accuracy']:.4f}",
            soft_wrap=True,
        )

    if not screen.is_terminal:
        yield Listener(lambda epoch, done, steps: None, report)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=screen, transient=True) as progress:
        bar = progress.add_task("starting", total=None)
        yield Listener(
            lambda epoch, done, steps: progress.update(
                bar, description=f"epoch {epoch}", completed=done, total=steps
            ),
            report,
        )
