"""The progress of a training: one line per epoch, and a bar on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .output import error_console

if TYPE_CHECKING:
    from kzoo.training.loop import Listener


@contextmanager
def epoch_listener(epochs: int, figures: Sequence[str]) -> Iterator[Listener]:
    """Yield a listener that prints the losses and these validation metrics of each epoch on stderr."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from kzoo.training.loop import Listener

    screen = error_console()

    def report(row: dict[str, float]) -> None:
        measured = "  ".join(f"{name.replace('_', ' ')} {row[f'validation_{name}']:.4f}" for name in figures)
        screen.print(
            f"epoch {row['epoch']:>{len(str(epochs))}}/{epochs}  train loss {row['train_loss']:.4f}  "
            f"validation loss {row['validation_loss']:.4f}  {measured}",
            soft_wrap=True,
        )

    def tell(line: str) -> None:
        screen.print(line, soft_wrap=True)

    if not screen.is_terminal:
        yield Listener(lambda epoch, done, steps: None, report, tell)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=screen, transient=True) as progress:
        bar = progress.add_task("starting", total=None)

        def move(epoch: int, done: int, steps: int) -> None:
            progress.update(bar, description=f"epoch {epoch}", completed=done, total=steps)

        yield Listener(move, report, tell)
