"""What the verbs that make many runs share: their options, and how the runs are made and shown."""

from __future__ import annotations

import json
import signal
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .output import error_console
from .watch import run_watcher

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kzoo.reproduction.engine import Engine

Jobs = Annotated[int, typer.Option(min=1, help="Runs at a time, each with its share of the cores.")]
Seeds = Annotated[int, typer.Option(min=1, help="Runs of each row: the recipe's seed and those after it.")]
Fraction = Annotated[float | None, typer.Option(help="Train on this share of the training split only.")]
RequireData = Annotated[bool, typer.Option("--require-data", help="Refuse to train on a stand-in.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override any key of all recipes.")
]


def settings(given: Sequence[str] | None, fraction: float | None) -> dict[str, Any]:
    """The dotted keys that the flags change in every recipe."""
    from kzoo.recipe import parse_setting

    shares = {} if fraction is None else {"data.fraction": fraction}
    return dict(map(parse_setting, given or [])) | shares


@contextmanager
def open_engine(
    root: Path, figure: str | None, seeds: int, jobs: int, require_data: bool
) -> Iterator[Engine]:
    """An engine that shows how far its runs are, and of each this figure; if None, the best it validated."""
    from kzoo.reproduction.engine import Engine

    screen = error_console()

    def announce(data: dict[str, Any]) -> None:
        sizes = " / ".join(f"{size:,}" for size in data["sizes"].values())
        line = f"{data['name']}, {data['location']} ({sizes})"
        style = "bold yellow" if data["stand_in"] else ""
        screen.print(f"{'STAND-IN DATA' if data['stand_in'] else 'data'} {line}", style=style, soft_wrap=True)

    def tell(folder: str) -> str:
        metrics = json.loads((root / folder / "metrics.json").read_text(encoding="utf-8"))
        name = figure or next(name for name in metrics if name.startswith("best_validation_"))
        return f"{name.replace('_', ' ')} {metrics[name]:.4f}"

    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with run_watcher(tell) as watcher:
            yield Engine(root, seeds, jobs, require_data, announce, watcher)
    except KeyboardInterrupt:
        screen.print("interrupted; the same command goes on where it was", soft_wrap=True)
        raise
    finally:
        signal.signal(signal.SIGTERM, before)
