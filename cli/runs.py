"""Options and functions that `kzoo reproduce` and `kzoo sweep`, which make many runs, share."""

from __future__ import annotations

import json
import signal
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .interrupts import told
from .output import console, print_data, print_json, print_table
from .watch import run_watcher

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kzoo.reproduction.conditions import Conditions
    from kzoo.reproduction.engine import Engine
    from kzoo.reproduction.table import Row

Jobs = Annotated[int, typer.Option(min=1, help="Number of runs at a time, which share the cores.")]
Seeds = Annotated[
    int, typer.Option(min=1, help="Runs of each row, with the recipe's seed and the next ones.")
]
Fraction = Annotated[float | None, typer.Option(help="Train on this share of the training split only.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Estimate time and memory from a few steps, without training.")
]


def settings(given: Sequence[str] | None, fraction: float | None) -> dict[str, Any]:
    """Return the dotted recipe keys that the flags change, with their values."""
    from kzoo.recipe import parse_setting

    shares = {} if fraction is None else {"data.fraction": fraction}
    return dict(map(parse_setting, given or [])) | shares


@contextmanager
def open_engine(
    root: Path, words: Sequence[str], figure: str | None, seeds: int, jobs: int, require_data: bool
) -> Iterator[Engine]:
    """Yield an engine that shows the progress of its runs in `root`.

    `words` are the words after `kzoo` on the command line that define the runs. `figure` is the metric that
    is shown for each run, or None for its best validation metric.
    """
    from kzoo.locks import hold
    from kzoo.reproduction.engine import Engine

    def tell(folder: str) -> str:
        metrics = json.loads((root / folder / "metrics.json").read_text(encoding="utf-8"))
        name = figure or next(name for name in metrics if name.startswith("best_validation_"))
        return f"{name.replace('_', ' ')} {metrics[name]:.4f}" if name in metrics else "done"

    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with (
            told("interrupted; run the same command again to continue"),
            hold(root),
            run_watcher(tell) as watcher,
        ):
            yield Engine(root, seeds, jobs, require_data, print_data, watcher, tuple(words))
    finally:
        signal.signal(signal.SIGTERM, before)


def print_costs(
    conditions: Conditions,
    rows: Sequence[Row],
    root: Path,
    seeds: int,
    jobs: int,
    require_data: bool,
    as_json: bool,
) -> None:
    """Print the estimated time and memory of the runs that the rows still need, from a few training steps."""
    from dataclasses import asdict

    from kzoo.reporting.page.spelling import duration
    from kzoo.reproduction.estimate import estimate, runs_left
    from kzoo.reproduction.process import ProcessPool

    with (
        TemporaryDirectory() as folder,
        open_engine(Path(folder), (), None, seeds, jobs, require_data) as engine,
    ):
        left = runs_left(engine.plan(conditions, rows), root)
        costs = estimate(conditions, rows, ProcessPool(jobs))
    seconds = {row.name: costs[row.name].seconds(conditions.recipe(row).training.epochs) for row in rows}
    total = sum(count * seconds[name] for name, count in left.items()) / jobs
    if as_json:
        told = [
            {"row": name, "runs": left[name], "seconds": seconds[name], **asdict(cost)}
            for name, cost in costs.items()
        ]
        print_json(
            {"table": conditions.table.name, "seeds": seeds, "jobs": jobs, "seconds": total, "rows": told}
        )
        return
    lines = [
        (
            name,
            str(left[name]),
            duration(seconds[name]),
            f"{1000 * cost.step:.2f}",
            f"{cost.steps_per_epoch:,}",
            "-" if cost.memory is None else f"{cost.memory / 1e6:,.0f}",
        )
        for name, cost in costs.items()
    ]
    print_table("row", ">runs", ">each", ">ms a step", ">steps an epoch", ">memory, MB", rows=lines)
    runs = "1 run" if left.total() == 1 else f"{left.total()} runs"
    console().print(f"{runs} to train, {jobs} at a time: about {duration(total)}")
