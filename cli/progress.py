"""How a training shows itself: a bar on a terminal, one plain line an epoch elsewhere."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .output import error_console

if TYPE_CHECKING:
    from kzoo.training.loop import Listener


@contextmanager
def epoch_listener(epochs: int, figures: Sequence[str]) -> Iterator[Listener]:
    """A listener that reports on stderr, of each epoch the losses and these figures of the validation set."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from kzoo.training.loop import Listener

    screen = error_console()

    def report(row: dict[str, float]) -> None:
        interrupt_if_asked()
        measured = "  ".join(f"{name.replace('_', ' ')} {row[f'validation_{name}']:.4f}" for name in figures)
        screen.print(
            f"epoch {row['epoch']:>{len(str(epochs))}}/{epochs}  train loss {row['train_loss']:.4f}  "
            f"validation loss {row['validation_loss']:.4f}  {measured}",
            soft_wrap=True,
        )

    with _interrupts() as interrupt_if_asked:
        if not screen.is_terminal:
            yield Listener(lambda epoch, done, steps: interrupt_if_asked(), report)
            return
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=screen, transient=True) as progress:
            bar = progress.add_task("starting", total=None)

            def move(epoch: int, done: int, steps: int) -> None:
                interrupt_if_asked()
                progress.update(bar, description=f"epoch {epoch}", completed=done, total=steps)

            yield Listener(move, report)


@contextmanager
def _interrupts() -> Iterator[Callable[[], None]]:
    """A function that raises a Ctrl-C once more, for Python drops one that falls into a destructor."""
    asked = False

    def interrupt(*_: object) -> None:
        nonlocal asked
        asked = True
        raise KeyboardInterrupt

    def interrupt_if_asked() -> None:
        if asked:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield interrupt_if_asked
    finally:
        signal.signal(signal.SIGINT, before)
